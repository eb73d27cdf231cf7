import { createHmac, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto'

/** Those algorithms of RFC 9421, section 3.3 that the gateway supports. */
export const signatureAlgorithms = ['hmac-sha256', 'ed25519', 'ecdsa-p256-sha256'] as const

/** The registered name of an algorithm (RFC 9421, section 6.2). */
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number]

/** Signs and verifies with one algorithm. The signature base is always ASCII. */
interface Primitives {
  /** The length of a signature in octets. */
  readonly length: number
  readonly sign: (base: string, key: KeyObject) => Buffer
  /** To be called only with a signature of the right length. */
  readonly verify: (base: string, key: KeyObject, signature: Buffer) => boolean
}

// RFC 9421, section 3.3.4: r and s with 32 octets each, not DER.
const dsaEncoding = 'ieee-p1363'

const primitives: Readonly<Record<SignatureAlgorithm, Primitives>> = {
  'hmac-sha256': {
    length: 32,
    sign: hmacSha256,
    verify: (base, key, signature) => timingSafeEqual(hmacSha256(base, key), signature),
  },
  ed25519: {
    length: 64,
    sign: (base, key) => sign(null, Buffer.from(base), key),
    verify: (base, key, signature) => verify(null, Buffer.from(base), key, signature),
  },
  'ecdsa-p256-sha256': {
    length: 64,
    sign: (base, key) => sign('sha256', Buffer.from(base), { key, dsaEncoding }),
    verify: (base, key, signature) =>
      verify('sha256', Buffer.from(base), { key, dsaEncoding }, signature),
  },
}

/** Signs a signature base (RFC 9421, section 3.3). */
export function signBase(algorithm: SignatureAlgorithm, key: KeyObject, base: string): Buffer {
  return primitives[algorithm].sign(base, key)
}

/** Verifies the signature of a signature base (RFC 9421, section 3.3); HMACs are compared in constant time. */
export function verifyBase(
  algorithm: SignatureAlgorithm,
  key: KeyObject,
  base: string,
  signature: Buffer,
): boolean {
  return isOfLength(algorithm, signature) && primitives[algorithm].verify(base, key, signature)
}

/** Whether a signature is as long as those of the algorithm are; another one is not even tried. */
export function isOfLength(algorithm: SignatureAlgorithm, signature: Buffer): boolean {
  return signature.length === primitives[algorithm].length
}

/** Whether a key is of the kind that an algorithm needs. */
export function fitsAlgorithm(algorithm: SignatureAlgorithm, key: KeyObject): boolean {
  if (algorithm === 'hmac-sha256') return key.type === 'secret'
  if (algorithm === 'ed25519') return key.asymmetricKeyType === 'ed25519'
  return key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1'
}

function hmacSha256(base: string, key: KeyObject): Buffer {
  return createHmac('sha256', key).update(base).digest()
}
