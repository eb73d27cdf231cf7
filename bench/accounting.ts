/** What a process under test has used so far. */
export interface Usage {
  /** User and system time, microseconds. */
  readonly cpuUs: number
  readonly residentBytes: number
  /** What is still in use, where the process may collect what is not; else as it happens to be. */
  readonly liveBytes: number
}

/** Tells the parent where this process listens; without its parent it ends. */
export function reportUrl(url: string): void {
  process.on('disconnect', () => process.exit(0))
  process.send?.({ url })
}

/** As {@link reportUrl}; also answers every message of the parent with what this process has used. */
export function reportUsage(url: string): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    globalThis.gc?.()
    const { heapUsed, external } = process.memoryUsage()
    process.send?.({
      cpuUs: user + system,
      residentBytes: process.memoryUsage.rss(),
      liveBytes: heapUsed + external,
    } satisfies Usage)
  })
  reportUrl(url)
}
