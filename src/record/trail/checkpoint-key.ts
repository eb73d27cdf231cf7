import { createPrivateKey, createPublicKey, hash, type KeyObject } from 'node:crypto'

/** A private key that signs checkpoints. */
export interface CheckpointKey {
  readonly privateKey: KeyObject
  /** First 16 hex digits of the SHA-256 of the public key (SubjectPublicKeyInfo, DER). */
  readonly id: string
}

/** Reads an Ed25519 private key in PEM; undefined if the text is not one. */
export function readCheckpointKey(pem: string): CheckpointKey | undefined {
  let privateKey: KeyObject
  try {
    privateKey = createPrivateKey(pem)
  } catch {
    return undefined
  }
  if (privateKey.asymmetricKeyType !== 'ed25519') return undefined
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return { privateKey, id: hash('sha256', spki).slice(0, 16) }
}
