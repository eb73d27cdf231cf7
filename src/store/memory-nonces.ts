/** Nonces that this process has seen. */
export interface MemoryNonces {
  /**
   * Uses a nonce. The result is `fresh` the first time within its lifetime, `seen` after that, and `full` if there is
   * no room left to remember it.
   * @param ttlMs how long it has to be remembered, in milliseconds
   */
  readonly use: (nonce: string, ttlMs: number) => 'fresh' | 'seen' | 'full'
}

/** How often a full memory is searched for nonces that have expired before older ones. */
const sweepEveryMs = 1_000

/**
 * Remembers a bounded number of nonces, each for as long as it could be used again. When the memory is full new ones
 * are refused, because forgetting one would let it be used twice.
 * @param maxNonces how many are remembered at most
 * @param clock milliseconds, never going back
 */
export function memoryNonces(maxNonces: number, clock: () => number): MemoryNonces {
  // By nonce, the time until which it is remembered.
  const until = new Map<string, number>()
  // The nonces in the order in which they were used. The map has that order too, but finding its first entry takes time
  // for every entry that was deleted before it.
  let queue: string[] = []
  let head = 0
  let sweepAtMs = 0

  /** Drops from the front: lifetimes differ by minutes at most, so the oldest nonces are about the first to expire. */
  function dropEnded(nowMs: number): void {
    for (; head < queue.length; head += 1) {
      const nonce = queue[head] as string
      if ((until.get(nonce) ?? 0) > nowMs) break
      until.delete(nonce)
    }
    if (head > 1_024 && head * 2 > queue.length) {
      queue = queue.slice(head)
      head = 0
    }
  }

  function sweep(nowMs: number): void {
    if (nowMs < sweepAtMs) return
    sweepAtMs = nowMs + sweepEveryMs
    queue = queue.slice(head).filter((nonce) => {
      const isAlive = (until.get(nonce) ?? 0) > nowMs
      if (!isAlive) until.delete(nonce)
      return isAlive
    })
    head = 0
  }

  return {
    use: (nonce, ttlMs) => {
      const nowMs = clock()
      dropEnded(nowMs)
      const known = until.get(nonce)
      if (known !== undefined && known > nowMs) return 'seen'
      if (until.size >= maxNonces) sweep(nowMs)
      if (until.size >= maxNonces) return 'full'
      until.set(nonce, nowMs + ttlMs)
      queue.push(nonce)
      return 'fresh'
    },
  }
}
