import { hash, timingSafeEqual } from 'node:crypto'
import { allValues } from '../../syntax/headers.ts'
import { parseStrictDictionary } from './structured-field.ts'

/** Those algorithms of RFC 9530, section 5 that withstand an attacker, each with its name in Node. */
const algorithms: ReadonlyMap<string, string> = new Map([
  ['sha-256', 'sha256'],
  ['sha-512', 'sha512'],
])

const maxFieldLength = 1_024

/** The value of `Content-Digest` for a body (RFC 9530, section 2). */
export function contentDigest(body: Uint8Array): string {
  return `sha-256=:${hash('sha256', body, 'base64')}:`
}

/**
 * Checks a body against its `Content-Digest` (RFC 9530, section 2): there must be at least one digest with a known
 * algorithm, and all of those must match.
 * @param headers names and values in turn, as received
 * @returns why the body does not match, for the audit
 */
export function findContentDigestFault(
  headers: readonly string[],
  body: Uint8Array,
): string | undefined {
  const text = allValues(headers, 'content-digest').join(', ')
  if (text === '') return 'Content-Digest is missing'
  if (text.length > maxFieldLength) return 'Content-Digest is too long'
  const digests = parseStrictDictionary(text)
  if (digests === undefined) return 'Content-Digest is not a strict dictionary'
  let isMatched = false
  for (const [name, [value]] of digests) {
    const algorithm = algorithms.get(name)
    if (algorithm === undefined) continue
    if (!(value instanceof ArrayBuffer)) return `Content-Digest: ${name} is not a byte sequence`
    const expected = hash(algorithm, body, 'buffer')
    const given = Buffer.from(value)
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
      return `Content-Digest: ${name} is not that of the body`
    }
    isMatched = true
  }
  return isMatched ? undefined : 'Content-Digest has no algorithm known here'
}
