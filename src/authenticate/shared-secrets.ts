import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { endOfLife } from './key-settings.ts'
import type { RefusedSignature } from './verifier.ts'

/** A shared secret, imported for verifying. */
export interface SigningKey {
  readonly id: string
  readonly key: KeyObject
  /**
   * The HMAC-SHA256 over the empty string, which signs every request without a body; computed in advance. In hex: a small
   * buffer would keep the 64 KiB that it is a slice of.
   */
  readonly ofNothing: string
  /** The key is refused from this time on, in milliseconds since the epoch; infinite for a key without an end. */
  readonly notAfterMs: number
}

/** The settings of a shared secret. */
export interface SharedSecret {
  readonly id: string
  readonly value: { reveal(): string }
  readonly notAfter?: string
}

/** Imports shared secrets, so that a request does not have to import them. */
export function signingKeys(secrets: readonly SharedSecret[]): readonly SigningKey[] {
  return secrets.map(({ id, value, notAfter }) => {
    const key = createSecretKey(value.reveal(), 'utf8')
    return { id, key, ofNothing: hmacSha256(key, ''), notAfterMs: endOfLife(notAfter) }
  })
}

/** In hex: asking for the digest as bytes allocates memory outside the heap and takes half as long again. */
function hmacSha256(key: KeyObject, signed: string | Buffer): string {
  return createHmac('sha256', key).update(signed).digest('hex')
}

const hexSha256 = /^[0-9a-f]{64}$/i

/**
 * Finds the live key that a hex HMAC-SHA256 was made with, in constant time.
 * @returns the key, or for the audit the reason why there is none
 */
export function findSigningKey(
  keys: readonly SigningKey[],
  signed: string | Buffer,
  signature: string | undefined,
  nowMs: number,
): SigningKey | RefusedSignature {
  if (signature === undefined) return { reason: 'X-Signature is missing' }
  if (!hexSha256.test(signature)) return { reason: 'X-Signature is not 64 hex digits' }
  const given = Buffer.from(signature, 'hex')
  let match: SigningKey | undefined
  // All keys are tried, so that the time taken does not reveal which one fits.
  for (const candidate of keys) {
    const expected = signed.length === 0 ? candidate.ofNothing : hmacSha256(candidate.key, signed)
    // A secret may be listed twice while its id is being changed; it is then valid until the later of the two ends.
    const isFit = timingSafeEqual(given, Buffer.from(expected, 'hex'))
    if (isFit && (match === undefined || nowMs >= match.notAfterMs)) match = candidate
  }
  if (match === undefined) return { reason: 'X-Signature does not verify', isTried: true }
  if (nowMs < match.notAfterMs) return match
  return { reason: `secret ${match.id} is past its notAfter`, isTried: true }
}
