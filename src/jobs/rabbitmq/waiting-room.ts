import type { StoredEntry } from './message.ts'
import type { Receipt } from './subscription.ts'

/** An entry that this process holds. */
export interface Held {
  /** As it is to be delivered next. */
  entry: StoredEntry
  /** What its message is acknowledged by; void once the connection is gone. */
  receipt: Receipt
  /** Whether somebody else may have begun it since it was as it says. */
  isRedelivered: boolean
  /** Milliseconds since the epoch. */
  dueAtMs: number
  readonly heldSinceMs: number
  isUnderWay: boolean
}

/** Entries that this process holds, and whose turn it is. */
export interface WaitingRoom {
  readonly add: (held: Held) => void
  /**
   * Takes one whose time has come and that no order key holds up: one owner after the other, and of each the
   * one that has been due for the longest.
   */
  readonly take: (nowMs: number) => Held | undefined
  /** When the next one is due that no order key holds up; infinite where none is. */
  readonly nextDueAtMs: () => number
  readonly remove: (held: Held) => void
  /** Finds what is held of the same message, delivered before. */
  readonly find: (entry: StoredEntry) => Held | undefined
  readonly all: () => Iterable<Held>
}

/** Makes a room in which entries with the same order key keep the order in which they were added. */
export function waitingRoom(): WaitingRoom {
  const byMessage = new Map<string, Held>()
  // The owner whose turn it was last is the last one.
  const owners = new Map<string, Set<Held>>()
  const lanes = new Map<string, Set<Held>>()

  function isInFront(held: Held): boolean {
    const { orderKey } = held.entry
    if (orderKey === undefined) return true
    const [first] = lanes.get(orderKey) ?? []
    return first === held
  }

  return {
    add: (held) => {
      const { owner, orderKey } = held.entry
      byMessage.set(messageKey(held.entry), held)
      addTo(owners, owner, held)
      if (orderKey !== undefined) addTo(lanes, orderKey, held)
    },
    take: (nowMs) => {
      for (const [owner, theirs] of owners) {
        let first: Held | undefined
        for (const held of theirs) {
          if (held.isUnderWay || held.dueAtMs > nowMs || !isInFront(held)) continue
          if (first === undefined || held.dueAtMs < first.dueAtMs) first = held
        }
        if (first === undefined) continue
        first.isUnderWay = true
        owners.delete(owner)
        owners.set(owner, theirs)
        return first
      }
      return undefined
    },
    nextDueAtMs: () => {
      let next = Number.POSITIVE_INFINITY
      for (const held of byMessage.values()) {
        if (!held.isUnderWay && held.dueAtMs < next && isInFront(held)) next = held.dueAtMs
      }
      return next
    },
    remove: (held) => {
      const { owner, orderKey } = held.entry
      byMessage.delete(messageKey(held.entry))
      removeFrom(owners, owner, held)
      if (orderKey !== undefined) removeFrom(lanes, orderKey, held)
    },
    find: (entry) => byMessage.get(messageKey(entry)),
    all: () => byMessage.values(),
  }
}

/** Tells the message of an entry from that of the same entry when it is put again. */
export function messageKey({ id, putAtMs }: StoredEntry): string {
  return `${putAtMs} ${id}`
}

function addTo(groups: Map<string, Set<Held>>, key: string, held: Held): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, new Set([held]))
  else group.add(held)
}

function removeFrom(groups: Map<string, Set<Held>>, key: string, held: Held): void {
  const group = groups.get(key)
  group?.delete(held)
  if (group?.size === 0) groups.delete(key)
}
