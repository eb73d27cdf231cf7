/** How many calls have ended, and how many of them failed. */
export interface CallCounts {
  readonly calls: number
  readonly failures: number
}

/** Counts the calls of the latest period by integration. */
export interface FailureWindow {
  readonly note: (integration: string, hasFailed: boolean, nowMs: number) => void
  /** Calls that ended within the window, including its current slice. */
  readonly counts: (nowMs: number) => CallCounts
  /** Those of one integration. */
  readonly countsOf: (integration: string, nowMs: number) => CallCounts
  /** Those of all integrations but the one with the most failures. */
  readonly countsBesideWorst: (nowMs: number) => CallCounts
  /** Integrations with calls in the window. */
  readonly integrations: (nowMs: number) => Iterable<string>
  /** Drops the calls of one integration. */
  readonly forget: (integration: string) => void
  readonly clear: () => void
}

/** The window slides by a tenth of its length at a time. */
const slices = 10

const none: CallCounts = { calls: 0, failures: 0 }

/**
 * Opens a sliding window.
 * @param windowMs its length, milliseconds; all times are of a clock that never goes back
 */
export function openFailureWindow(windowMs: number): FailureWindow {
  const sliceMs = windowMs / slices
  const bySlice = Array.from({ length: slices }, () => new Map<string, CallCounts>())
  const sums = new Map<string, CallCounts>()
  let sum = none
  let latest = 0

  function clear(): void {
    for (const slice of bySlice) slice.clear()
    sums.clear()
    sum = none
  }

  /** Drops what has left the window; gives the current slice. */
  function advance(nowMs: number): Map<string, CallCounts> {
    const current = Math.floor(nowMs / sliceMs)
    if (current - latest >= slices) clear()
    else for (let slice = latest + 1; slice <= current; slice += 1) drop(sliceAt(slice))
    latest = current
    return sliceAt(current)
  }

  function sliceAt(number: number): Map<string, CallCounts> {
    return bySlice[number % slices] as Map<string, CallCounts>
  }

  function drop(slice: Map<string, CallCounts>): void {
    for (const [integration, counts] of slice) {
      const left = minus(sums.get(integration) ?? none, counts)
      if (left.calls === 0) sums.delete(integration)
      else sums.set(integration, left)
      sum = minus(sum, counts)
    }
    slice.clear()
  }

  return {
    note: (integration, hasFailed, nowMs) => {
      const slice = advance(nowMs)
      const call = hasFailed ? failure : success
      slice.set(integration, plus(slice.get(integration) ?? none, call))
      sums.set(integration, plus(sums.get(integration) ?? none, call))
      sum = plus(sum, call)
    },
    counts: (nowMs) => {
      advance(nowMs)
      return sum
    },
    countsOf: (integration, nowMs) => {
      advance(nowMs)
      return sums.get(integration) ?? none
    },
    countsBesideWorst: (nowMs) => {
      advance(nowMs)
      let worst = none
      for (const counts of sums.values()) if (counts.failures > worst.failures) worst = counts
      return minus(sum, worst)
    },
    integrations: (nowMs) => {
      advance(nowMs)
      return sums.keys()
    },
    forget: (integration) => {
      for (const slice of bySlice) slice.delete(integration)
      sum = minus(sum, sums.get(integration) ?? none)
      sums.delete(integration)
    },
    clear,
  }
}

const success: CallCounts = { calls: 1, failures: 0 }
const failure: CallCounts = { calls: 1, failures: 1 }

function plus(counts: CallCounts, more: CallCounts): CallCounts {
  return { calls: counts.calls + more.calls, failures: counts.failures + more.failures }
}

function minus(counts: CallCounts, less: CallCounts): CallCounts {
  return { calls: counts.calls - less.calls, failures: counts.failures - less.failures }
}
