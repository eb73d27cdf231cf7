const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/**
 * Decodes base32 (RFC 4648, section 6) as people copy it: in either case, in groups, with or without
 * padding.
 * @returns undefined for text that is not base32, or empty
 */
export function decodeBase32(text: string): Buffer | undefined {
  const [, digits] = /^([A-Z2-7]+)=*$/.exec(text.replace(/[\s-]/g, '').toUpperCase()) ?? []
  if (digits === undefined) return undefined
  const bytes: number[] = []
  let bits = 0
  let bitCount = 0
  for (const digit of digits) {
    bits = (bits << 5) | alphabet.indexOf(digit)
    bitCount += 5
    if (bitCount >= 8) {
      bitCount -= 8
      bytes.push((bits >> bitCount) & 0xff)
    }
  }
  return bytes.length === 0 ? undefined : Buffer.from(bytes)
}
