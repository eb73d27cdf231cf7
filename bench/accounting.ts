/** What a process under test has used so far. */
export interface Usage {
  /** User and system time, microseconds. */
  readonly cpuUs: number
  readonly residentBytes: number
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
    process.send?.({
      cpuUs: user + system,
      residentBytes: process.memoryUsage.rss(),
    } satisfies Usage)
  })
  reportUrl(url)
}
