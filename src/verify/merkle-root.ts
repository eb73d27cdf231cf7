import { createHash } from 'node:crypto'

/**
 * The Merkle tree hash of a list of entries, as RFC 9162, section 2.1.1, defines it.
 * @param entries at least one
 */
export function merkleRoot(entries: readonly Buffer[]): Buffer {
  const [only] = entries
  if (entries.length === 1 && only !== undefined) return sha256(0, only)
  let split = 1
  while (split * 2 < entries.length) split *= 2
  return sha256(1, merkleRoot(entries.slice(0, split)), merkleRoot(entries.slice(split)))
}

function sha256(prefix: number, ...parts: readonly Buffer[]): Buffer {
  const digest = createHash('sha256').update(Buffer.of(prefix))
  for (const part of parts) digest.update(part)
  return digest.digest()
}
