import { readFileSync } from 'node:fs'
import { errorCode } from '../contract/error-code.ts'
import { retryAfterMs } from '../syntax/retry-after.ts'
import type { Destination, Resolve } from './destination.ts'
import { postPinned } from './post-pinned.ts'

/** What became of one sending. */
export type Sending =
  /** A 2xx. */
  | { readonly outcome: 'delivered'; readonly status: number }
  /** 410: the receiver wants no more. */
  | { readonly outcome: 'gone'; readonly status: number }
  /** Anything else; `reason` is a code and never a text of the receiver. */
  | {
      readonly outcome: 'failed'
      readonly reason: string
      readonly status?: number
      /** How long the receiver asks to be left alone, milliseconds. */
      readonly retryAfterMs?: number
    }

/**
 * Sends a signed payload once. It does not reject.
 * @param stop ends it before its time
 */
export type SendCallback = (
  headers: readonly string[],
  payload: string,
  stop?: AbortSignal,
) => Promise<Sending>

/** How it is sent. */
export interface SenderSettings {
  readonly destination: Destination
  /** PEM file of the authorities that may sign the receiver's certificate; the system's when absent. */
  readonly caFile?: string | undefined
  /** From the question for the address to the end of the answer, milliseconds. */
  readonly timeoutMs: number
}

/** What sending needs of the world. */
export interface SenderServices {
  readonly resolve: Resolve
  /** Milliseconds since the epoch. */
  readonly clock: () => number
}

/** Prepares a sender: each time the addresses of the host are found and checked anew, and pinned. */
export function prepareSender(
  { destination, caFile, timeoutMs }: SenderSettings,
  { resolve, clock }: SenderServices,
): SendCallback {
  const { url } = destination
  const ca = caFile === undefined ? undefined : readFileSync(caFile)
  return async (headers, payload, stop) => {
    const timeout = new AbortController()
    const signal = stop ? AbortSignal.any([timeout.signal, stop]) : timeout.signal
    const timer = setTimeout(() => timeout.abort(), timeoutMs)
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
  if (status === 410) return { outcome: 'gone', status }
  const asked = askedMs === undefined ? {} : { retryAfterMs: askedMs }
  return { outcome: 'failed', reason: `STATUS_${status}`, status, ...asked }
}

/** A question for a name cannot be taken back; what it finds too late is left. */
async function beforeAbort<Value>(value: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([value, aborted])
  } finally {
    // As long as it is there, Node keeps the signal, and with it all that was found.
    signal.removeEventListener('abort', onAbort)
  }
}
