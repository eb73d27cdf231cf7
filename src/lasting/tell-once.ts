/** When it has not occurred for this long, a fault is over, milliseconds. */
const quietMs = 60_000
const maxFaults = 100

/** The end of faults. */
export interface FaultsEnd {
  /** Told when none has occurred for a minute. */
  readonly onEnd?: () => void
  /** Whether one goes on that occurs only once; while it does, none is over. */
  readonly isGoingOn?: () => boolean
}

/**
 * Tells of each fault once for as long as it goes on: again only when it has not occurred for a minute. So the log has an
 * outage once, and not with every request and every further attempt. Faults with the same code count as the same one.
 */
export function tellOnce(
  tell: (error: unknown) => void,
  { onEnd, isGoingOn }: FaultsEnd = {},
): (error: unknown) => void {
  /** What ends each fault that goes on. */
  const ends = new Map<string, NodeJS.Timeout>()

  function waitForEnd(fault: string): void {
    clearTimeout(ends.get(fault))
    ends.set(fault, setTimeout(end, quietMs, fault).unref())
  }

  function end(fault: string): void {
    if (isGoingOn?.()) waitForEnd(fault)
    else {
      ends.delete(fault)
      if (ends.size === 0) onEnd?.()
    }
  }

  return (error) => {
    const fault = keyOf(error)
    const isKnown = ends.has(fault)
    // The texts of defects can contain anything.
    if (!isKnown && ends.size >= maxFaults) {
      for (const each of ends.values()) clearTimeout(each)
      ends.clear()
    }
    waitForEnd(fault)
    if (!isKnown) tell(error)
  }
}

function keyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return (error as NodeJS.ErrnoException).code ?? error.message
}
