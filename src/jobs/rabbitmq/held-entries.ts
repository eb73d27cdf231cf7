import type { StoredEntry } from './message.ts'
import type { Receipt } from './subscription.ts'

/** An entry that this process holds. */
export interface Held {
  /** The entry as it is to be delivered next. */
  entry: StoredEntry
  /** Acknowledges its message; void once it has, or the connection is lost. */
  receipt: Receipt
  /** Whether another process may have begun it, which `entry` does not know about. */
  isRedelivered: boolean
  /** Milliseconds since the epoch. */
  dueAtMs: number
  /** Milliseconds of `performance.now()`. */
  readonly heldSince: number
  isUnderWay: boolean
  /**
   * Whether this process may have begun it without knowing, since Redis did not answer. Others that get its message then
   * wait for this process.
   */
  isUnanswered: boolean
}

/** The entries that this process holds, and the order in which their turns come. */
export interface HeldEntries {
  readonly add: (held: Held) => void
  /**
   * Takes an entry that is due and is not held up by its order key: the owners take turns, and of each the entry
   * that has been due the longest comes first.
   */
  readonly take: (nowMs: number) => Held | undefined
  /** When the next entry is due that its order key does not hold up; infinite if there is none. */
  readonly nextDueAtMs: () => number
  readonly remove: (held: Held) => void
  /** Finds the entry of a message that was delivered before. */
  readonly find: (entry: StoredEntry) => Held | undefined
  readonly all: () => Iterable<Held>
}

/** Starts with none. Entries with the same order key keep the order in which they were added. */
export function heldEntries(): HeldEntries {
  const byMessage = new Map<string, Held>()
  // In the order of their next turns.
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

/** Identifies the message of an entry; if the entry is put again, that is another message. */
function messageKey({ id, putAtMs }: StoredEntry): string {
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
