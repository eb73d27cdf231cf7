import { createPrivateKey, createSecretKey, type KeyObject } from 'node:crypto'
import {
  fitsAlgorithm,
  type SignatureAlgorithm,
  signatureAlgorithms,
} from './signature-algorithm.ts'

/** A key to sign with, and its algorithm. */
export interface MessageSigningKey {
  readonly key: KeyObject
  readonly algorithm: SignatureAlgorithm
}

/** Why a text is not a key to sign with. */
export interface MessageSigningKeyFault {
  readonly fault: 'no private key in PEM' | 'neither ed25519 nor ecdsa on P-256'
}

/** Reads a private key in PEM. Any text that is not PEM is a shared secret, used byte for byte. */
export function messageSigningKey(text: string): MessageSigningKey | MessageSigningKeyFault {
  if (!text.includes('-----BEGIN ')) {
    return { key: createSecretKey(text, 'utf8'), algorithm: 'hmac-sha256' }
  }
  let key: KeyObject
  try {
    key = createPrivateKey(text)
  } catch {
    // The error is not passed on: its message could contain a part of the key.
    return { fault: 'no private key in PEM' }
  }
  const algorithm = signatureAlgorithms.find((each) => fitsAlgorithm(each, key))
  return algorithm === undefined
    ? { fault: 'neither ed25519 nor ecdsa on P-256' }
    : { key, algorithm }
}
