import { addTo } from '../contract/add-to.ts'
import { fairShare } from '../contract/fair-share.ts'
import { type ArrivingBody, arrivingBodies } from './arriving-bodies.ts'

/** The memory that the body of one request has. */
export interface BodyShare {
  /**
   * Asks for so many bytes in all.
   * @param isWhole whether the body has arrived with them, so that it is not given up any more
   * @returns false if there is no room; the share is left as it was
   */
  readonly grow: (bytes: number, isWhole: boolean) => boolean
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

/** The owner is the integration, or the address if there is none. */
interface Holder extends ArrivingBody {
  bytes: number
  giveUp: (() => void) | undefined
}

/**
 * Opens the memory. If there is no room in it, those bodies are given up that have been arriving for the longest: an
 * honest caller sends its body in one go, and a body that waits for Magento has arrived. A caller that sends many at once
 * from one address displaces its own before those of others. An integration whose requests wait for Magento cannot take
 * all of the memory from the others.
 * @param limitBytes asked each time, so that it may change
 */
export function openBodyMemory(limitBytes: () => number): BodyMemory {
  // Bodies that are arriving from an address that has more are given up first.
  const shareBytes = () => limitBytes() * fairShare
  const arriving = arrivingBodies<Holder>(shareBytes)
  const ownedBytes = new Map<string, number>()
  let used = 0

  function grow(holder: Holder, bytes: number, isWhole: boolean): boolean {
    const more = bytes - holder.bytes
    while (leavesOthersTooLittle(holder, more)) {
      if (!giveUpFor(holder, holder.owner)) return false
    }
    while (used + more > limitBytes()) {
      if (!giveUpFor(holder)) return false
    }
    if (isWhole) arriving.remove(holder, holder.bytes)
    else arriving.add(holder, more)
    charge(holder, more)
    holder.bytes = bytes
    return true
  }

  /**
   * Whether an owner that has much already would also take what is left to the others. The other bodies that are
   * arriving do not count, since they can be given up.
   */
  function leavesOthersTooLittle({ owner, bytes }: Holder, more: number): boolean {
    const share = shareBytes()
    // A single body may be as large as the memory.
    if ((ownedBytes.get(owner) ?? 0) - bytes <= share) return false
    const lasting = used - arriving.bytesOf() + arriving.bytesOf(owner)
    return lasting + more > limitBytes() - share
  }

  /**
   * Gives up an arriving body, of one owner or of all, in favour of another one.
   * @returns false if there is none, or if it would be that one itself
   */
  function giveUpFor(holder: Holder, owner?: string): boolean {
    const loser = arriving.next(owner)
    if (loser === undefined || loser === holder) return false
    const { giveUp } = loser
    release(loser)
    giveUp?.()
    return true
  }

  function charge({ owner }: Holder, more: number): void {
    addTo(ownedBytes, owner, more)
    used += more
  }

  function keep(holder: Holder): void {
    arriving.remove(holder, holder.bytes)
    // It would keep everything that belongs to the request in memory until the request is recorded.
    holder.giveUp = undefined
  }

  function release(holder: Holder): void {
    keep(holder)
    charge(holder, -holder.bytes)
    holder.bytes = 0
  }

  return {
    open: ({ address, integration }, giveUp) => {
      const holder: Holder = { address, owner: integration ?? address, bytes: 0, giveUp }
      return {
        grow: (bytes, isWhole) => grow(holder, bytes, isWhole),
        keep: () => keep(holder),
        release: () => release(holder),
      }
    },
    used: () => used,
  }
}
