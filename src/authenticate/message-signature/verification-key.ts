import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { endOfLife } from '../shared-secrets.ts'
import type { MessageSignatureKey } from './message-signature-settings.ts'
import { fitsAlgorithm, type SignatureAlgorithm } from './signature-algorithm.ts'

/** A key ready to verify with; the key object spares each request the import of its key. */
export interface VerificationKey {
  readonly id: string
  readonly algorithm: SignatureAlgorithm
  readonly key: KeyObject
  /** Milliseconds since the epoch from which on it is refused; infinite for a key without an end. */
  readonly notAfterMs: number
}

/**
 * Makes a key ready.
 * @returns `expected`, what would have to be there, when it is no public key of its algorithm
 */
export function verificationKey(
  settings: MessageSignatureKey,
): VerificationKey | { readonly expected: string } {
  const { id, algorithm, notAfter } = settings
  const key = importKey(settings)
  if (key === undefined || !fitsAlgorithm(algorithm, key)) {
    return { expected: `a public key for ${algorithm}, SubjectPublicKeyInfo in PEM` }
  }
  return { id, algorithm, key, notAfterMs: endOfLife(notAfter) }
}

function importKey({ secret, publicKey }: MessageSignatureKey): KeyObject | undefined {
  if (secret !== undefined) return createSecretKey(secret.reveal(), 'utf8')
  const pem = publicKey?.reveal() ?? ''
  // createPublicKey also takes a private key, which has no business in a gateway.
  if (!pem.includes('-----BEGIN PUBLIC KEY-----')) return undefined
  try {
    return createPublicKey(pem)
  } catch {
    return undefined
  }
}
