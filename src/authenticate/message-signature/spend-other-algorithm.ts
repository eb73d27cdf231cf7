import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type SignatureAlgorithm, verifyBase } from './signature-algorithm.ts'

/** For each algorithm with public keys, a key whose private half nobody has. */
const keys: ReadonlyMap<SignatureAlgorithm, KeyObject> = new Map([
  ['ed25519', generateKeyPairSync('ed25519').publicKey],
  ['ecdsa-p256-sha256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey],
])

/**
 * Verifies a refused signature once more, for nothing, by the other algorithm with public keys. The two take different
 * times, so that the time of the answer would otherwise tell the algorithm of a key, and thereby that the key exists.
 * @param tried the algorithm by which it was refused
 */
export function spendOtherAlgorithm(
  tried: SignatureAlgorithm,
  base: string,
  signature: Buffer,
): void {
  for (const [algorithm, key] of keys) {
    if (algorithm !== tried) verifyBase(algorithm, key, base, signature)
  }
}
