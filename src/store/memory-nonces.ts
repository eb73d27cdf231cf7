/** Nonces that this process has seen. */
export interface MemoryNonces {
  /**
   * Uses a nonce: `fresh` the first time within its life, `seen` after that, `full` when there is no
   * room left to remember it.
   * @param ttlMs how long it must be remembered, milliseconds
   */
  readonly use: (nonce: string, ttlMs: number) => 'fresh' | 'seen' | 'full'
}

/**
 * Remembers nonces for as long as they could be used again, a bounded number of them. A full memory
 * refuses: forgetting one would let it be used twice.
 * @param maxNonces how many are remembered at most
 * @param clock milliseconds, never going back
 */
export function memoryNonces(maxNonces: number, clock: () => number): MemoryNonces {
  // Nonce to the time until which it is remembered, in the order in which they were used.
  const until = new Map<string, number>()

  /** Lives differ by minutes at most, so that the oldest are about the first to end. */
  function dropEnded(nowMs: number, isThorough: boolean): void {
    for (const [nonce, untilMs] of until) {
      if (untilMs <= nowMs) until.delete(nonce)
      else if (!isThorough) return
    }
  }

  return {
    use: (nonce, ttlMs) => {
      const nowMs = clock()
      dropEnded(nowMs, false)
      const known = until.get(nonce)
      if (known !== undefined && known > nowMs) return 'seen'
      if (until.size >= maxNonces) dropEnded(nowMs, true)
      if (until.size >= maxNonces) return 'full'
      until.delete(nonce)
      until.set(nonce, nowMs + ttlMs)
      return 'fresh'
    },
  }
}
