/** A fault that has not occurred for this long is told of again, milliseconds. */
const quietMs = 60_000
const maxFaults = 100

/**
 * Tells of each fault once for as long as it goes on: again only when it has not occurred for a minute. So the log has an
 * outage once, and not with every request and every further attempt. Faults with the same code count as the same one.
 * @param clock milliseconds, never going back
 */
export function tellOnce(
  tell: (error: unknown) => void,
  clock: () => number,
): (error: unknown) => void {
  const lastMs = new Map<string, number>()
  return (error) => {
    const fault = keyOf(error)
    const before = lastMs.get(fault) ?? Number.NEGATIVE_INFINITY
    // The texts of defects can contain anything.
    if (lastMs.size >= maxFaults) lastMs.clear()
    lastMs.set(fault, clock())
    if (clock() - before >= quietMs) tell(error)
  }
}

function keyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return (error as NodeJS.ErrnoException).code ?? error.message
}
