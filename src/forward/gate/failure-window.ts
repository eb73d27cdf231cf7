/** Counts the calls of the latest period, and how many of them failed. */
export interface FailureWindow {
  readonly note: (hasFailed: boolean, nowMs: number) => void
  /** Calls that ended within the window, including its current slice. */
  readonly counts: (nowMs: number) => { readonly calls: number; readonly failures: number }
  readonly clear: () => void
}

/** The window slides by a tenth of its length at a time. */
const slices = 10

/**
 * Opens a sliding window.
 * @param windowMs its length, milliseconds; all times are of a clock that never goes back
 */
export function openFailureWindow(windowMs: number): FailureWindow {
  const sliceMs = windowMs / slices
  const calls = new Array<number>(slices).fill(0)
  const failures = new Array<number>(slices).fill(0)
  let latest = 0
  let callSum = 0
  let failureSum = 0

  function clear(): void {
    calls.fill(0)
    failures.fill(0)
    callSum = 0
    failureSum = 0
  }

  /** Drops slices that have left the window; gives the index of the current one. */
  function advance(nowMs: number): number {
    const current = Math.floor(nowMs / sliceMs)
    if (current - latest >= slices) clear()
    else {
      for (let slice = latest + 1; slice <= current; slice += 1) {
        const place = slice % slices
        callSum -= calls[place] as number
        failureSum -= failures[place] as number
        calls[place] = 0
        failures[place] = 0
      }
    }
    latest = current
    return current % slices
  }

  return {
    note: (hasFailed, nowMs) => {
      const place = advance(nowMs)
      calls[place] = (calls[place] as number) + 1
      callSum += 1
      if (!hasFailed) return
      failures[place] = (failures[place] as number) + 1
      failureSum += 1
    },
    counts: (nowMs) => {
      advance(nowMs)
      return { calls: callSum, failures: failureSum }
    },
    clear,
  }
}
