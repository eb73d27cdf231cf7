import { printable } from '../syntax/terminal-text.ts'

/** One fault of the configuration. */
export interface Fault {
  /** The path of the file, based on the directory that was given to the gateway. */
  readonly file: string
  /** JSON Pointer (RFC 6901) to the place in the file; empty for the whole file. */
  readonly pointer: string
  /** The line in the file, counted from 1; undefined if it is not known. */
  readonly line?: number | undefined
  /** What was expected there. It never repeats what was found, which may be a secret. */
  readonly expected: string
}

/** A fault in settings whose file the caller of the check knows. */
export type RuleFault = Pick<Fault, 'pointer' | 'expected'>

/** A file in which faults can be found. */
export interface FaultyFile {
  readonly file: string
  readonly lineOf: (pointer: string) => number | undefined
}

/**
 * A list with the fault at a place, or without any if nothing is wrong there.
 * @param expected what is expected at the place; false or undefined if nothing is wrong
 */
export function faultAt(pointer: string, expected: string | false | undefined): RuleFault[] {
  return expected === false || expected === undefined ? [] : [{ pointer, expected }]
}

/** Says in which file and line each fault is. */
export function inFile({ file, lineOf }: FaultyFile, faults: readonly RuleFault[]): Fault[] {
  return faults.map(({ pointer, expected }) => ({
    file,
    pointer,
    line: lineOf(pointer),
    expected,
  }))
}

/** One line for a terminal: `FILE:LINE POINTER: expected …`. */
export function formatFault({ file, pointer, line, expected }: Fault): string {
  const place = `${file}${line === undefined ? '' : `:${line}`} ${pointer || '/'}`
  return printable(`${place}: expected ${expected}`)
}

/** Thrown if the configuration cannot be used; contains every fault that was found. */
export class ConfigError extends Error {
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    super(`the configuration has ${faults.length} fault(s)\n${faults.map(formatFault).join('\n')}`)
    this.name = 'ConfigError'
    this.faults = faults
  }
}
