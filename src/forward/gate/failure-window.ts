/** How many calls have ended, and how many of them failed. */
export interface CallCounts {
  readonly calls: number
  readonly failures: number
}

/** Counts the calls of the latest period by integration. */
export interface FailureWindow {
  readonly note: (integration: string, hasFailed: boolean, nowMs: number) => void
  /** Calls in the window when the latest one was noted, including its current slice; changes with the next one. */
  readonly counts: () => CallCounts
  /** Those of one integration. */
  readonly countsOf: (integration: string) => CallCounts
  /** Those of all integrations but the one with the most failures. */
  readonly countsBesideWorst: () => CallCounts
  /** Integrations with calls in the window. */
  readonly integrations: (nowMs: number) => Iterable<string>
  /** Drops the calls of one integration. */
  readonly forget: (integration: string) => void
  readonly clear: () => void
}

/** The window slides by a tenth of its length at a time. */
const slices = 10

/** Counted up and down in place, since every call is counted three times. */
interface Tally {
  calls: number
  failures: number
}

const none: CallCounts = { calls: 0, failures: 0 }

/**
 * Opens a sliding window.
 * @param windowMs its length, milliseconds; all times are of a clock that never goes back
 */
export function openFailureWindow(windowMs: number): FailureWindow {
  const sliceMs = windowMs / slices
  const bySlice = Array.from({ length: slices }, () => new Map<string, Tally>())
  const sums = new Map<string, Tally>()
  const sum: Tally = { ...none }
  let latest = 0

  function clear(): void {
    for (const slice of bySlice) slice.clear()
    sums.clear()
    Object.assign(sum, none)
  }

  /** Drops what has left the window; gives the current slice. */
  function advance(nowMs: number): Map<string, Tally> {
    const current = Math.floor(nowMs / sliceMs)
    if (current - latest >= slices) clear()
    else for (let slice = latest + 1; slice <= current; slice += 1) drop(sliceAt(slice))
    latest = current
    return sliceAt(current)
  }

  function sliceAt(number: number): Map<string, Tally> {
    return bySlice[number % slices] as Map<string, Tally>
  }

  function drop(slice: Map<string, Tally>): void {
    for (const [integration, counts] of slice) {
      const left = tallyOf(sums, integration)
      subtract(left, counts)
      if (left.calls === 0) sums.delete(integration)
      subtract(sum, counts)
    }
    slice.clear()
  }

  return {
    note: (integration, hasFailed, nowMs) => {
      count(tallyOf(advance(nowMs), integration), hasFailed)
      count(tallyOf(sums, integration), hasFailed)
      count(sum, hasFailed)
    },
    counts: () => sum,
    countsOf: (integration) => sums.get(integration) ?? none,
    countsBesideWorst: () => {
      let worst = none
      for (const counts of sums.values()) if (counts.failures > worst.failures) worst = counts
      return { calls: sum.calls - worst.calls, failures: sum.failures - worst.failures }
    },
    integrations: (nowMs) => {
      advance(nowMs)
      return sums.keys()
    },
    forget: (integration) => {
      for (const slice of bySlice) slice.delete(integration)
      subtract(sum, sums.get(integration) ?? none)
      sums.delete(integration)
    },
    clear,
  }
}

function tallyOf(tallies: Map<string, Tally>, integration: string): Tally {
  let tally = tallies.get(integration)
  if (tally === undefined) {
    tally = { ...none }
    tallies.set(integration, tally)
  }
  return tally
}

function count(tally: Tally, hasFailed: boolean): void {
  tally.calls += 1
  if (hasFailed) tally.failures += 1
}

function subtract(tally: Tally, less: CallCounts): void {
  tally.calls -= less.calls
  tally.failures -= less.failures
}
