import { isFieldSpace } from '../syntax/headers.ts'

/**
 * A header section as undici gives it, as text with a character for each byte; names and values in turn. undici leaves
 * white space at the end of values, which is no part of them (RFC 9112, section 5.1): callers over HTTP/2 would refuse
 * the answer for it (RFC 9113, section 8.2.1).
 */
export function receivedFields(raw: readonly Buffer[]): string[] {
  return raw.map((part) => {
    let end = part.length
    while (end > 0 && isFieldSpace(part[end - 1])) end -= 1
    return part.toString('latin1', 0, end)
  })
}
