/**
 * Encodes every UTF-8 byte but letters, digits, `-`, `.`, `_` and `~`, with upper-case hex digits
 * (RFC 5849, section 3.6; PHP: rawurlencode). The text must be well-formed.
 */
export function percentEncode(text: string): string {
  // Most names and values stay as they are, and looking is faster than encoding.
  if (!/[^\w.~-]/.test(text)) return text
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** Decodes percent-encoding; undefined where the bytes are not UTF-8. */
export function percentDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
