import { readFileSync } from 'node:fs'
import { errorCode } from '../contract/error-code.ts'
import { timeoutAfterReading } from '../contract/timeout-after-reading.ts'
import { retryAfterMs } from '../syntax/retry-after.ts'
import type { Destination, Resolve } from './destination.ts'
import { postPinned } from './post-pinned.ts'

/** The outcome of one sending. */
export type Sending =
  /** The receiver answered 2xx. */
  | { readonly outcome: 'delivered'; readonly status: number }
  /** The receiver answered 410: it wants no more. */
  | { readonly outcome: 'gone'; readonly reason: string; readonly status: number }
  /** Anything else; `reason` is a code and never a text of the receiver. */
  | {
      readonly outcome: 'failed'
      readonly reason: string
      readonly status?: number
      /** How long the receiver asks not to be called, milliseconds. */
      readonly retryAfterMs?: number
    }

/**
 * Sends a signed payload once. It does not reject.
 * @param stop ends it early
 */
export type SendCallback = (
  headers: readonly string[],
  payload: string,
  stop: AbortSignal,
) => Promise<Sending>

/** How it is sent. */
export interface SenderSettings {
  readonly destination: Destination
  /** PEM file of the authorities that may sign the receiver's certificate; those of the system when absent. */
  readonly caFile?: string | undefined
  /** Longest time from the DNS query to the end of the answer, milliseconds. */
  readonly timeoutMs: number
}

/** Everything that sending needs from other parts. */
export interface SenderServices {
  readonly resolve: Resolve
  /** Milliseconds since the epoch. */
  readonly clock: () => number
}

/** Prepares a sender. For every sending the addresses of the host are resolved, checked and pinned anew. */
export function prepareSender(
  { destination, caFile, timeoutMs }: SenderSettings,
  { resolve, clock }: SenderServices,
): SendCallback {
  const { url } = destination
  const ca = caFile === undefined ? undefined : readFileSync(caFile)
  return async (headers, payload, stop) => {
    const timeout = new AbortController()
    const signal = AbortSignal.any([timeout.signal, stop])
    const timer = timeoutAfterReading(() => timeout.abort(), timeoutMs)
    try {
      const addresses = await beforeAbort(destination.addresses(resolve), signal)
      const answer = await postPinned({ url, addresses, headers, payload, ca, signal })
      const { statusCode = 0, headers: answered } = answer
      return sendingOf(statusCode, retryAfterMs(answered['retry-after'], clock()))
    } catch (error) {
      return { outcome: 'failed', reason: signal.aborted ? 'TIMEOUT' : errorCode(error) }
    } finally {
      clearTimeout(timer)
    }
  }
}

function sendingOf(status: number, askedMs: number | undefined): Sending {
  if (status >= 200 && status < 300) return { outcome: 'delivered', status }
  const reason = `STATUS_${status}`
  if (status === 410) return { outcome: 'gone', reason, status }
  const asked = askedMs === undefined ? {} : { retryAfterMs: askedMs }
  return { outcome: 'failed', reason, status, ...asked }
}

/** Gives up waiting when the signal aborts: a DNS query cannot be cancelled, and a late result is ignored. */
async function beforeAbort<Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([value, aborted])
  } finally {
    // As long as it has a listener, Node keeps the signal in memory.
    signal.removeEventListener('abort', onAbort)
  }
}
