import { performance } from 'node:perf_hooks'
import type { Dispatcher, Pool } from 'undici'
import type { PublicOrigin } from '../contract/public-origin.ts'
import type { WholeAnswer } from '../contract/whole-answer.ts'
import { type Rejection, reject } from '../problem.ts'
import type { RequestContext, UpstreamExchange } from '../request-context.ts'
import { clientClosed } from '../server/answer.ts'
import { isTransferCoded } from '../syntax/headers.ts'
import { retryAfterSeconds } from '../syntax/retry-after.ts'
import { newSpanId } from '../syntax/span-id.ts'
import { hasMagentoFailed } from './gate/magento-failure.ts'
import type { UpstreamGate } from './gate/upstream-gate.ts'
import type { Guest } from './gate/waiting-room.ts'
import { readWhole } from './read-whole.ts'
import { requestHeaders } from './request-headers.ts'
import type { AuthorizeUpstream, UpstreamAttempt } from './upstream-credentials.ts'
import {
  errorPage,
  TotalTimeoutError,
  TransferCodingError,
  upstreamFailure,
} from './upstream-failure.ts'
import type { SignUpstream } from './upstream-signature.ts'

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
export type Occasion = Guest &
  Pick<
    RequestContext,
    'requestId' | 'traceId' | 'traceFlags' | 'clientIp' | 'header' | 'upstream'
  > &
  Partial<Pick<RequestContext, 'outcome'>>

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
export interface UpstreamRequestSettings {
  /** What Magento believes its address to be. */
  readonly publicOrigin: PublicOrigin
  /** Scheme, host and port at which the gateway reaches Magento. */
  readonly internalOrigin: string
  readonly sign: SignUpstream | undefined
  readonly totalMs: number
  /** With less time than this, a request that gets no answer says nothing about Magento; milliseconds. */
  readonly fairMs: number
  readonly gate: UpstreamGate
}

/** The answer to a request whose time was over when its turn came. To send it would leave open whether it was done. */
export const outOfTime = reject('upstream-busy', 'deadline', { retryAfterSeconds: 1 })
const tooLong = reject('upstream-failed', 'the answer is too long')
const answerLimitBytes = 16_777_216
const noBody = Buffer.alloc(0)

/** Prepares {@link SendUpstream} over a pool of connections. */
export function prepareUpstreamRequests(
  pool: Pool,
  settings: UpstreamRequestSettings,
): SendUpstream {
  const { sign, totalMs, fairMs, internalOrigin, gate } = settings

  async function sendOnce(
    occasion: Occasion,
    request: UpstreamRequest,
    attempt: UpstreamAttempt,
    { spanId, signal }: { readonly spanId: string; readonly signal: AbortSignal },
  ): Promise<Dispatcher.ResponseData> {
    const { query } = attempt
    const { method, path, body, headers: rawHeaders = ownFields(body) } = request
    const { requestId, traceId, traceFlags, clientIp } = occasion
    const received = { requestId, traceId, traceFlags, clientIp, rawHeaders }
    const headers = requestHeaders(received, settings.publicOrigin, attempt, spanId)
    return pool.request({
      method,
      path: query === undefined ? path : `${path}?${query}`,
      headers: sign?.({ method, path, query, headers, body: body ?? noBody }) ?? headers,
      body: body ?? null,
      signal,
    })
  }

  /** Makes the attempts that the credentials ask for, until there is an answer. */
  async function sendAttempts(
    occasion: Occasion,
    request: UpstreamRequest,
    authorize: AuthorizeUpstream,
    exchange: UpstreamExchange,
    deadline: number,
  ): Promise<WholeAnswer | Rejection> {
    const { spanId } = exchange
    const stop = new AbortController()
    const { signal } = stop
    const leftMs = Math.ceil(deadline - performance.now())
    const timer = setTimeout(() => stop.abort(new TotalTimeoutError()), leftMs)
    try {
      let attempt = await authorize({
        method: request.method,
        target: request,
        header: (name) => occasion.header(name),
      })
      for (;;) {
        if ('code' in attempt) return attempt
        // A token may have taken the rest of the time.
        if (performance.now() >= deadline) return outOfTime
        const answer = await sendOnce(occasion, request, attempt, { spanId, signal })
        const { statusCode: status } = answer
        exchange.status = status
        if (isTransferCoded(answer.headers['transfer-encoding']?.toString())) {
          stop.abort(new TransferCodingError())
        }
        const contentType = String(answer.headers['content-type'] ?? '')
        const retryAfter = answer.headers['retry-after']?.toString()
        const page = errorPage(status, contentType, retryAfter)
        if (page !== undefined) {
          await answer.body.dump()
          return page
        }
        const body = await readWhole(answer.body, answerLimitBytes)
        if (body === undefined) return tooLong
        const next = await attempt.after?.(status, status === 401 ? body : noBody)
        if (next === undefined) {
          const seconds = retryAfterSeconds(retryAfter, Date.now())
          return { status, contentType, body, retryAfterSeconds: seconds }
        }
        attempt = next
      }
    } catch (error) {
      const failure = upstreamFailure(error)
      if (failure === undefined) throw error
      return failure
    } finally {
      clearTimeout(timer)
    }
  }

  return async (occasion, request, authorize) => {
    const withinMs = Math.min(totalMs, request.withinMs ?? totalMs)
    const deadline = performance.now() + withinMs
    const entered = gate.enter(occasion, withinMs)
    const pass = typeof entered === 'number' ? entered : await entered
    if (pass === undefined) {
      occasion.outcome = clientClosed
      return reject('upstream-busy', 'the caller left')
    }
    if (typeof pass !== 'number') return pass
    if (performance.now() >= deadline) {
      gate.leave(pass, occasion, undefined, undefined)
      return outOfTime
    }
    const startedAt = performance.now()
    const before = occasion.upstream?.durationMs ?? 0
    const exchange: UpstreamExchange = {
      startedAt: startedAt - before,
      // All that is sent on one occasion shares one span.
      spanId: occasion.upstream?.spanId ?? newSpanId(),
      origin: internalOrigin,
    }
    // If the caller leaves meanwhile, its record tells that Magento was being asked.
    occasion.upstream = { ...exchange }
    let result: WholeAnswer | Rejection | undefined
    try {
      result = await sendAttempts(occasion, request, authorize, exchange, deadline)
      return result
    } finally {
      const tookMs = performance.now() - startedAt
      const made = { ...exchange, durationMs: tookMs }
      const rejection = result !== undefined && 'code' in result ? result : undefined
      const hasFailed =
        result === tooLong ? false : hasMagentoFailed(made, undefined, rejection, fairMs)
      gate.leave(pass, occasion, hasFailed, tookMs)
      occasion.upstream = { ...exchange, durationMs: before + tookMs }
    }
  }
}

/** The fields of a request that no caller sent. */
function ownFields(body: Buffer | undefined): string[] {
  const type = body === undefined ? [] : ['content-type', 'application/json']
  return ['accept', 'application/json', ...type]
}
