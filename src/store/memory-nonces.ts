/** Nonces that this process has seen. */
export interface MemoryNonces {
  /**
   * Uses a nonce: `fresh` the first time within its life, `seen` after that, `full` when there is no
   * room left to remember it.
   * @param ttlMs how long it must be remembered, milliseconds
   */
  readonly use: (nonce: string, ttlMs: number) => 'fresh' | 'seen' | 'full'
}

/** How often a full memory is looked through for nonces that have ended out of turn. */
const sweepEveryMs = 1_000

/**
 * Remembers nonces for as long as they could be used again, a bounded number of them. A full memory
 * refuses: forgetting one would let it be used twice.
 * @param maxNonces how many are remembered at most
 * @param clock milliseconds, never going back
 */
export function memoryNonces(maxNonces: number, clock: () => number): MemoryNonces {
  // Nonce to the time until which it is remembered.
  const until = new Map<string, number>()
  // In the order in which they were used. A map has that order too, but to begin at its first entry
  // costs as much as entries were deleted before it.
  let queue: string[] = []
  let head = 0
  let sweepAtMs = 0

  /** Lives differ by minutes at most, so that the oldest are about the first to end. */
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
