import type { Pool } from 'undici'
import type { PublicOrigin } from '../contract/public-origin.ts'
import { timeoutAfterReading } from '../contract/timeout-after-reading.ts'
import type { PrepareOutgoing } from './outgoing-request.ts'
import { readWhole } from './read-whole.ts'
import { TotalTimeoutError } from './upstream-failure.ts'

/** A request that the gateway makes for itself, and for no integration. */
export interface OwnRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly query?: string | undefined
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly body?: string
  /** Longest that it may take, milliseconds; by default as any request to Magento. */
  readonly timeoutMs?: number
  /** Longest answer that is read, bytes; by default enough for the schema of a shop. */
  readonly limitBytes?: number
}

/** Sends a request of the gateway's own; rejects when no complete answer arrives. */
export type SendOwnRequest = (
  request: OwnRequest,
) => Promise<{ readonly status: number; readonly body: string }>

/** The answer is longer than a request of the gateway's own reads. */
class AnswerTooLongError extends Error {
  readonly code = 'ANSWER_TOO_LONG'
}

/** What requests of the gateway's own are sent with. */
export interface OwnRequestSettings {
  /** What Magento believes its address to be. */
  readonly publicOrigin: PublicOrigin
  readonly outgoing: PrepareOutgoing
  readonly totalMs: number
}

/** The schema of a whole shop is one or two million bytes long. */
const standardLimitBytes = 67_108_864

/** Prepares {@link SendOwnRequest} over a pool of connections. */
export function prepareOwnRequests(
  pool: Pool,
  { publicOrigin: { scheme, authority }, outgoing, totalMs }: OwnRequestSettings,
): SendOwnRequest {
  return async (request) => {
    const { method, path, query, headers: own, body: text = '' } = request
    const { timeoutMs = totalMs, limitBytes = standardLimitBytes } = request
    const headers = ['host', authority, 'x-forwarded-proto', scheme, ...own]
    const body = Buffer.from(text)
    const stop = new AbortController()
    const giveUp = () => stop.abort(new TotalTimeoutError())
    const timer = timeoutAfterReading(giveUp, timeoutMs).unref()
    try {
      const sent = outgoing({ method, path, query, headers, body })
      const answer = await pool.request({ ...sent, signal: stop.signal })
      const bytes = await readWhole(answer.body, limitBytes)
      if (bytes === undefined) throw new AnswerTooLongError('the answer of Magento is too long')
      return { status: answer.statusCode, body: bytes.toString('utf8') }
    } finally {
      clearTimeout(timer)
    }
  }
}
