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

/** Who sends a body. */
export interface BodyCaller {
  readonly address: string
  /** Whom the request says that it is from; undefined if it names nobody who is known. */
  readonly integration: string | undefined
}

/** Bounds the memory that the bodies of all requests take together. */
export interface BodyMemory {
  /** @param giveUp called when the memory is needed for others, while the body is still arriving */
  readonly open: (caller: BodyCaller, giveUp: () => void) => BodyShare
  /** Bytes in use. */
  readonly used: () => number
}

interface Holder {
  readonly address: string
  /** The integration, or the address if there is none. */
  readonly owner: string
  bytes: number
  giveUp: (() => void) | undefined
}

/**
 * A part of the memory. Bodies that are arriving from an address that has more are given up first. An integration that
 * has more has to leave as much to the others.
 */
const fairShare = 1 / 4

/**
 * Opens the memory. If there is no room in it, those bodies are given up that have been arriving for the longest: an
 * honest caller sends its body in one go, and a body that waits for Magento has arrived. A caller that sends many at once
 * from one address displaces its own before those of others. An integration whose requests wait for Magento cannot take
 * all of the memory from the others.
 * @param limitBytes asked each time, so that it may change
 */
export function openBodyMemory(limitBytes: () => number): BodyMemory {
  // The one that has been arriving for the longest comes first.
  const arriving = new Set<Holder>()
  const arrivingBytes = new Map<string, number>()
  const ownedBytes = new Map<string, number>()
  let used = 0

  function grow(holder: Holder, bytes: number): boolean {
    const more = bytes - holder.bytes
    arriving.add(holder)
    for (;;) {
      const isShort = leavesOthersTooLittle(holder, more)
      if (!isShort && used + more <= limitBytes()) break
      const loser = nextToGiveUp(isShort ? holder.owner : undefined)
      if (loser === undefined || loser === holder) return false
      const { giveUp } = loser
      release(loser)
      giveUp?.()
    }
    add(arrivingBytes, holder.address, more)
    add(ownedBytes, holder.owner, more)
    used += more
    holder.bytes = bytes
    return true
  }

  /**
   * Whether an owner that has much already would also take what is left to the others. The other bodies that are
   * arriving do not count, since they can be given up.
   */
  function leavesOthersTooLittle({ owner, bytes }: Holder, more: number): boolean {
    const share = limitBytes() * fairShare
    // A single body may be as large as the memory.
    if ((ownedBytes.get(owner) ?? 0) - bytes <= share) return false
    let lasting = used
    for (const each of arriving) if (each.owner !== owner) lasting -= each.bytes
    return lasting + more > limitBytes() - share
  }

  /** The arriving body to be given up next, of this owner or of all. */
  function nextToGiveUp(owner: string | undefined): Holder | undefined {
    const share = limitBytes() * fairShare
    let oldest: Holder | undefined
    for (const each of arriving) {
      if (each.bytes === 0 || (owner !== undefined && each.owner !== owner)) continue
      if ((arrivingBytes.get(each.address) ?? 0) > share) return each
      oldest ??= each
    }
    return oldest
  }

  function keep(holder: Holder): void {
    if (arriving.delete(holder)) add(arrivingBytes, holder.address, -holder.bytes)
    // It would keep everything that belongs to the request in memory until the request is recorded.
    holder.giveUp = undefined
  }

  function release(holder: Holder): void {
    keep(holder)
    add(ownedBytes, holder.owner, -holder.bytes)
    used -= holder.bytes
    holder.bytes = 0
  }

  return {
    open: ({ address, integration }, giveUp) => {
      const holder: Holder = { address, owner: integration ?? address, bytes: 0, giveUp }
      return {
        grow: (bytes) => grow(holder, bytes),
        keep: () => keep(holder),
        release: () => release(holder),
      }
    },
    used: () => used,
  }
}

function add(totals: Map<string, number>, name: string, bytes: number): void {
  const total = (totals.get(name) ?? 0) + bytes
  if (total === 0) totals.delete(name)
  else totals.set(name, total)
}
