/** What a process under test has used so far. */
export interface Usage {
  /** User and system time, microseconds. */
  readonly cpuUs: number
  readonly residentBytes: number
}

/** Answers every message of the parent with what this process has used, and ends with it. */
export function reportUsage(url: string): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({
      cpuUs: user + system,
      residentBytes: process.memoryUsage.rss(),
    } satisfies Usage)
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.({ url })
}
