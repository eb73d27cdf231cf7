import { createHmac } from 'node:crypto'
import { boundedMap } from '../store/bounded-map.ts'
import type { HashToken } from './audit-record.ts'

const maxRemembered = 10_000
/** Sixteen hex digits are enough to tell tokens apart. */
const hashLength = 16

/** Prepares the keyed hash of tokens. */
export function prepareTokenHash(key: string | Buffer): HashToken {
  const known = boundedMap<string>(maxRemembered)
  return (digest) => {
    let hash = known.get(digest)
    if (hash === undefined) {
      hash = createHmac('sha256', key).update(digest).digest('hex').slice(0, hashLength)
      known.set(digest, hash)
    }
    return hash
  }
}
