/** When none has occurred for this long, faults are over, milliseconds. */
const quietMs = 60_000
const maxFaults = 100

/** The end of faults. */
export interface FaultsEnd {
  /** Told when none has occurred for a minute. */
  readonly onEnd?: () => void
  /** Whether one goes on that occurs only once. */
  readonly isGoingOn?: () => boolean
}

/**
 * Tells of each fault once for as long as any goes on: again only when none has occurred for a minute. So the log has an
 * outage once, and not with every request and every further attempt. Faults with the same code count as the same one.
 */
export function tellOnce(
  tell: (error: unknown) => void,
  { onEnd, isGoingOn }: FaultsEnd = {},
): (error: unknown) => void {
  const told = new Set<string>()
  let quiet: NodeJS.Timeout | undefined

  function waitForEnd(): void {
    clearTimeout(quiet)
    quiet = setTimeout(end, quietMs).unref()
  }

  function end(): void {
    if (isGoingOn?.()) waitForEnd()
    else {
      told.clear()
      onEnd?.()
    }
  }

  return (error) => {
    waitForEnd()
    const fault = keyOf(error)
    if (told.has(fault)) return
    // The texts of defects can contain anything.
    if (told.size >= maxFaults) told.clear()
    told.add(fault)
    tell(error)
  }
}

function keyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return (error as NodeJS.ErrnoException).code ?? error.message
}
