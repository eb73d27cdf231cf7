/** Limits how many call-backs of one integration are sent at once. */
export interface OwnerLanes {
  /**
   * Takes one of the lanes of an owner.
   * @returns a function that gives it back; undefined when all are taken
   */
  readonly enter: (owner: string, lanes: number) => (() => void) | undefined
  /** When to ask again after `enter` found no free lane; milliseconds since the epoch. */
  readonly nextTurnMs: (owner: string, lanes: number) => number
}

interface Owner {
  taken: number
  /** Moving average of how long a lane is taken, milliseconds. */
  usualMs: number
  /** When the last call-back that was turned away is to ask again. */
  lastTurnMs: number
}

const firstGuessMs = 20
/** Longest time until a call-back asks again: a slow receiver may have become fast. */
const longestWaitMs = 30_000
const shortestWaitMs = 20

/**
 * Keeps lanes in the memory of this process. Call-backs that are turned away get turns one after the other, spaced as
 * lanes usually become free, so that a thousand of them do not all ask again at once.
 * @param clock milliseconds since the epoch
 * @param monotonicClock milliseconds, never going back
 */
export function ownerLanes(clock: () => number, monotonicClock: () => number): OwnerLanes {
  const owners = new Map<string, Owner>()
  function ownerOf(name: string): Owner {
    let owner = owners.get(name)
    if (owner === undefined) {
      owner = { taken: 0, usualMs: firstGuessMs, lastTurnMs: 0 }
      owners.set(name, owner)
    }
    return owner
  }
  return {
    enter: (name, lanes) => {
      const owner = ownerOf(name)
      if (owner.taken >= lanes) return undefined
      owner.taken += 1
      const enteredAtMs = monotonicClock()
      return () => {
        owner.taken -= 1
        const takenMs = monotonicClock() - enteredAtMs
        owner.usualMs += (takenMs - owner.usualMs) / 4
      }
    },
    nextTurnMs: (name, lanes) => {
      const owner = ownerOf(name)
      const nowMs = clock()
      const turnMs = Math.max(nowMs + shortestWaitMs, owner.lastTurnMs) + owner.usualMs / lanes
      owner.lastTurnMs = Math.min(turnMs, nowMs + longestWaitMs)
      return Math.ceil(owner.lastTurnMs)
    },
  }
}
