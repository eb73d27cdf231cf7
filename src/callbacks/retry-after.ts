/**
 * How long an answer asks to be waited, milliseconds (RFC 9110, section 10.2.3): seconds, or a date.
 * @returns undefined where it asks for nothing, or for nothing that can be read
 */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  // The one form of a date that is still sent, IMF-fixdate.
  if (!/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(value))
    return undefined
  const atMs = Date.parse(value)
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs)
}
