import { hash } from 'node:crypto'

/** Grows a Merkle tree leaf by leaf, and holds no more of it than its root needs. */
export interface MerkleTree {
  /** @param digest hex of 32 bytes, the entry */
  readonly add: (digest: string) => void
  readonly size: () => number
  /** Hex; of at least one entry. */
  readonly root: () => string
}

/** Makes an empty tree as in RFC 9162, section 2.1.1, with SHA-256. */
export function merkleTree(): MerkleTree {
  // Roots of complete subtrees, left to right, each smaller than the one before it.
  const subtrees: Buffer[] = []
  let size = 0
  return {
    add: (digest) => {
      let node: Buffer = hash('sha256', Buffer.from(`00${digest}`, 'hex'), 'buffer')
      // As many of them end here as the number of leaves so far ends with ones in binary.
      for (let ends = size; (ends & 1) === 1; ends >>>= 1) {
        node = parentOf(subtrees.pop() as Buffer, node)
      }
      subtrees.push(node)
      size += 1
    },
    size: () => size,
    root: () => subtrees.reduceRight((right, left) => parentOf(left, right)).toString('hex'),
  }
}

const nodePrefix = Buffer.from([1])

function parentOf(left: Buffer, right: Buffer): Buffer {
  return hash('sha256', Buffer.concat([nodePrefix, left, right]), 'buffer')
}
