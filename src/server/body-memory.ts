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
  /**
   * @param address of the caller
   * @param giveUp called when the memory is needed for others, while the body is still arriving
   */
  readonly open: (address: string, giveUp: () => void) => BodyShare
  /** Bytes in use. */
  readonly used: () => number
}

interface Holder {
  readonly address: string
  bytes: number
  giveUp: (() => void) | undefined
}

/** The share of the memory beyond which the arriving bodies of one address are given up before those of others. */
const addressShare = 1 / 4

/**
 * Opens the memory. If there is no room in it, those bodies are given up that have been arriving for the longest: an
 * honest caller sends its body in one go, and a body that waits for Magento has arrived. A caller that sends many at once
 * from one address displaces its own before those of others.
 * @param limitBytes asked each time, so that it may change
 */
export function openBodyMemory(limitBytes: () => number): BodyMemory {
  // The one that has been arriving for the longest comes first.
  const arriving = new Set<Holder>()
  const arrivingBytes = new Map<string, number>()
  let used = 0

  function grow(holder: Holder, bytes: number): boolean {
    const more = bytes - holder.bytes
    arriving.add(holder)
    while (used + more > limitBytes()) {
      const loser = findLoser()
      if (loser === undefined || loser === holder) return false
      const { giveUp } = loser
      release(loser)
      giveUp?.()
    }
    count(holder, more)
    used += more
    holder.bytes = bytes
    return true
  }

  function findLoser(): Holder | undefined {
    const share = limitBytes() * addressShare
    let oldest: Holder | undefined
    for (const each of arriving) {
      if (each.bytes === 0) continue
      if ((arrivingBytes.get(each.address) ?? 0) > share) return each
      oldest ??= each
    }
    return oldest
  }

  function count({ address }: Holder, more: number): void {
    const bytes = (arrivingBytes.get(address) ?? 0) + more
    if (bytes === 0) arrivingBytes.delete(address)
    else arrivingBytes.set(address, bytes)
  }

  function keep(holder: Holder): void {
    if (arriving.delete(holder)) count(holder, -holder.bytes)
    // It would keep everything that belongs to the request in memory until the request is recorded.
    holder.giveUp = undefined
  }

  function release(holder: Holder): void {
    keep(holder)
    used -= holder.bytes
    holder.bytes = 0
  }

  return {
    open: (address, giveUp) => {
      const holder: Holder = { address, bytes: 0, giveUp }
      return {
        grow: (bytes) => grow(holder, bytes),
        keep: () => keep(holder),
        release: () => release(holder),
      }
    },
    used: () => used,
  }
}
