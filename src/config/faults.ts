/** One thing that is wrong with the configuration. */
export interface Fault {
  /** File, as given to the gateway. */
  readonly file: string
  /** JSON Pointer (RFC 6901) to the place in the file; empty for the whole file. */
  readonly pointer: string
  /** Line in the file, from 1, where it is known. */
  readonly line?: number | undefined
  /** What was expected there; never repeats what was found, which may be a secret. */
  readonly expected: string
}

/** A fault of settings whose file is known to who asked. */
export type RuleFault = Pick<Fault, 'pointer' | 'expected'>

/** A file that was read; without settings where it has a fault. */
export interface ReadSettings<Settings> {
  readonly file: string
  readonly lineOf: (pointer: string) => number | undefined
  readonly settings?: Settings
}

/** One line for a terminal: `FILE:LINE POINTER: expected …`. */
export function formatFault({ file, pointer, line, expected }: Fault): string {
  return `${file}${line === undefined ? '' : `:${line}`} ${pointer || '/'}: expected ${expected}`
}

/** The configuration cannot be used; holds every fault that was found. */
export class ConfigError extends Error {
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    super(`the configuration has ${faults.length} fault(s)\n${faults.map(formatFault).join('\n')}`)
    this.name = 'ConfigError'
    this.faults = faults
  }
}
