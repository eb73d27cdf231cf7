import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { endOfLife } from '../key-settings.ts'
import type { MessageSignatureKey } from './message-signature-settings.ts'
import { fitsAlgorithm, type SignatureAlgorithm } from './signature-algorithm.ts'

/** An imported key, so that a request does not have to import it. */
export interface VerificationKey {
  readonly id: string
  readonly algorithm: SignatureAlgorithm
  readonly key: KeyObject
  /** The key is refused from this time on, in milliseconds since the epoch; infinite for a key without an end. */
  readonly notAfterMs: number
}

/**
 * Imports a key.
 * @returns the key, or what was expected if the text is no public key of its algorithm
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
  // createPublicKey would also accept a private key, which does not belong in a gateway's configuration.
  if (!pem.includes('-----BEGIN PUBLIC KEY-----')) return undefined
  try {
    return createPublicKey(pem)
  } catch {
    return undefined
  }
}
