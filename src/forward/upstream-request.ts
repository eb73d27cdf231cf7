import { performance } from 'node:perf_hooks'
import type { Dispatcher, Pool } from 'undici'
import { timeoutAfterReading } from '../contract/timeout-after-reading.ts'
import type { WholeAnswer } from '../contract/whole-answer.ts'
import { type Rejection, reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { clientClosed } from '../server/answer.ts'
import { isTransferCoded } from '../syntax/headers.ts'
import { retryAfterSeconds } from '../syntax/retry-after.ts'
import { awaitCredential, beginExchange, prepareAttempts, type Sender } from './attempts.ts'
import type { UpstreamGate } from './gate/upstream-gate.ts'
import type { OwnRequestSettings } from './own-request.ts'
import { readWhole } from './read-whole.ts'
import { requestHeaders } from './request-headers.ts'
import type { AuthorizeUpstream, UpstreamAttempt } from './upstream-credentials.ts'
import {
  answerTooLong,
  errorPage,
  TotalTimeoutError,
  TransferCodingError,
  upstreamFailure,
} from './upstream-failure.ts'

/** A request that the gateway itself makes on behalf of an integration: for an endpoint or a job. */
export interface UpstreamRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Raw, `/rest/…`. */
  readonly path: string
  readonly query: string | undefined
  /** JSON. */
  readonly body: Buffer | undefined
  /** End-to-end fields of the caller's request, names and values in turn; absent where no caller sent it. */
  readonly headers?: readonly string[] | undefined
  /** Longest that it may take, its time in the queue included, if that is less than configured; milliseconds. */
  readonly withinMs?: number
}

/**
 * The request or job on whose occasion Magento is asked. It gives the ids to send, the header that a
 * passed-through credential is taken from, and the place in the queue for Magento.
 */
export type Occasion = Sender &
  Pick<RequestContext, 'requestId' | 'traceId' | 'traceFlags' | 'clientIp' | 'header'>

/**
 * Sends a request and waits for its whole answer. Adds to the occasion how long Magento took, over all
 * requests that were made on it.
 * @returns a rejection where Magento did not answer, or answered with a page that is not of its API
 */
export type SendUpstream = (
  occasion: Occasion,
  request: UpstreamRequest,
  authorize: AuthorizeUpstream,
) => Promise<WholeAnswer | Rejection>

/** What requests are sent with. */
export interface UpstreamRequestSettings extends OwnRequestSettings {
  /** Scheme, host and port at which the gateway reaches Magento. */
  readonly internalOrigin: string
  /** With less time than this, a request that gets no answer says nothing about Magento; milliseconds. */
  readonly fairMs: number
  readonly gate: UpstreamGate
}

const answerLimitBytes = 16_777_216
const noBody = Buffer.alloc(0)

/** Prepares {@link SendUpstream} over a pool of connections. */
export function prepareUpstreamRequests(
  pool: Pool,
  { outgoing, totalMs, fairMs, publicOrigin, internalOrigin, gate }: UpstreamRequestSettings,
): SendUpstream {
  async function sendOnce(
    occasion: Occasion,
    request: UpstreamRequest,
    attempt: UpstreamAttempt,
    spanId: string,
    leftMs: number,
  ): Promise<WholeAnswer | Rejection | UpstreamAttempt> {
    const answer = await exchange(occasion, request, attempt, spanId, leftMs)
    if ('code' in answer) return answer
    const { status, body } = answer
    const other = attempt.after?.(status, status === 401 ? body : noBody)
    const next = other instanceof Promise ? await awaitCredential(occasion, other) : other
    return next ?? answer
  }

  async function exchange(
    occasion: Occasion,
    { method, path, body, headers: rawHeaders = ownFields(body) }: UpstreamRequest,
    attempt: UpstreamAttempt,
    spanId: string,
    leftMs: number,
  ): Promise<WholeAnswer | Rejection> {
    const { query } = attempt
    const { requestId, traceId, traceFlags, clientIp } = occasion
    const received = { requestId, traceId, traceFlags, clientIp, rawHeaders }
    const headers = requestHeaders(received, publicOrigin, attempt, spanId)
    const made = beginExchange(occasion, spanId, internalOrigin)
    const stop = new AbortController()
    const timer = timeoutAfterReading(() => stop.abort(new TotalTimeoutError()), leftMs)
    try {
      const answer = await pool.request({
        ...outgoing({ method, path, query, headers, body: body ?? noBody }),
        signal: stop.signal,
      })
      made.status = answer.statusCode
      if (isTransferCoded(answer.headers['transfer-encoding']?.toString())) {
        stop.abort(new TransferCodingError())
      }
      return await wholeAnswer(answer)
    } catch (error) {
      const failure = upstreamFailure(error)
      if (failure === undefined) throw error
      return failure
    } finally {
      clearTimeout(timer)
      made.durationMs = performance.now() - made.startedAt
    }
  }

  const send = prepareAttempts(gate, fairMs, sendOnce)
  return async (occasion, request, authorize) => {
    const { method } = request
    const header = (name: string) => occasion.header(name)
    const authorized = () => authorize({ method, target: request, header })
    const withinMs = Math.min(totalMs, request.withinMs ?? totalMs)
    const sent = await send(occasion, authorized, request, withinMs)
    if (sent !== undefined) return sent
    occasion.outcome = clientClosed
    return reject('upstream-busy', 'the caller left')
  }
}

async function wholeAnswer({
  statusCode: status,
  headers,
  body: stream,
}: Dispatcher.ResponseData): Promise<WholeAnswer | Rejection> {
  const contentType = String(headers['content-type'] ?? '')
  const retryAfter = headers['retry-after']?.toString()
  const page = errorPage(status, contentType, retryAfter)
  if (page !== undefined) {
    await stream.dump()
    return page
  }
  const body = await readWhole(stream, answerLimitBytes)
  if (body === undefined) return answerTooLong
  return { status, contentType, body, retryAfterSeconds: retryAfterSeconds(retryAfter, Date.now()) }
}

/** The fields of a request that no caller sent. */
function ownFields(body: Buffer | undefined): string[] {
  const type = body === undefined ? [] : ['content-type', 'application/json']
  return ['accept', 'application/json', ...type]
}
