/** Decodes `%XX` and turns `+` into a space, once; what is not an escape stays (PHP: urldecode). */
export function urlDecode(text: string): string {
  return rawUrlDecode(text.replaceAll('+', ' '))
}

/** Decodes `%XX`, once; what is not an escape stays, what is not UTF-8 becomes U+FFFD (PHP: rawurldecode). */
export function rawUrlDecode(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
  )
}

/** Encodes every byte but the unreserved ones, in upper case (PHP: rawurlencode; RFC 3986, section 2.3). */
export function rawUrlEncode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
