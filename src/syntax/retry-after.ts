import { parseHttpDate } from './http-date.ts'

/**
 * How long `Retry-After` asks to wait (RFC 9110, section 10.2.3), whether in seconds or as a date;
 * milliseconds.
 * @param nowMs milliseconds since the epoch
 * @returns undefined where it is absent or has neither form
 */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  const atMs = parseHttpDate(value, nowMs)
  return atMs === undefined ? undefined : Math.max(0, atMs - nowMs)
}

/** The same as {@link retryAfterMs} in whole seconds, rounded up. */
export function retryAfterSeconds(value: string | undefined, nowMs: number): number | undefined {
  const ms = retryAfterMs(value, nowMs)
  return ms === undefined ? undefined : Math.ceil(ms / 1000)
}
