/** The memory that the body of one request has. */
export interface BodyShare {
  /**
   * Asks for so many bytes in all.
   * @returns false if there is no room; the share is left as it was
   */
  readonly grow: (bytes: number) => boolean
  /** Notes that the body has arrived, so that it is not given up any more. */
  readonly keep: () => void
  /** Gives the memory back. */
  readonly release: () => void
}

/** Bounds the memory that the bodies of all requests take together. */
export interface BodyMemory {
  /** @param giveUp called when the memory is needed for others, while the body is still arriving */
  readonly open: (giveUp: () => void) => BodyShare
  /** Bytes in use. */
  readonly used: () => number
}

interface Holder {
  bytes: number
  giveUp: (() => void) | undefined
}

/**
 * Opens the memory. If there is no room in it, those bodies are given up that have been arriving for the longest: an
 * honest caller sends its body in one go, and a body that waits for Magento has arrived.
 * @param limitBytes asked each time, so that it may change
 */
export function openBodyMemory(limitBytes: () => number): BodyMemory {
  // The one that has been arriving for the longest comes first.
  const arriving = new Set<Holder>()
  let used = 0

  function grow(holder: Holder, bytes: number): boolean {
    const more = bytes - holder.bytes
    arriving.add(holder)
    while (used + more > limitBytes()) {
      const [oldest] = arriving
      if (oldest === undefined || oldest === holder) return false
      const { giveUp } = oldest
      release(oldest)
      giveUp?.()
    }
    used += more
    holder.bytes = bytes
    return true
  }

  function keep(holder: Holder): void {
    arriving.delete(holder)
    // It would keep everything that belongs to the request in memory until the request is recorded.
    holder.giveUp = undefined
  }

  function release(holder: Holder): void {
    keep(holder)
    used -= holder.bytes
    holder.bytes = 0
  }

  return {
    open: (giveUp) => {
      const holder: Holder = { bytes: 0, giveUp }
      return {
        grow: (bytes) => grow(holder, bytes),
        keep: () => keep(holder),
        release: () => release(holder),
      }
    },
    used: () => used,
  }
}
