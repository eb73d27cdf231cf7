import { type ParseArgsConfig, parseArgs } from 'node:util'
import { isCalendarTime } from '../syntax/calendar-time.ts'

/** The arguments of a command are wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/**
 * Reads the arguments of a command with `parseArgs`, which would take the last of two values of an option.
 * @throws {UsageError} when an option that has a single value is given twice
 * @throws {TypeError} with a code that begins with `ERR_PARSE_ARGS` when the options have other arguments
 */
export function readArguments<Config extends ParseArgsConfig>(config: Config) {
  const parsed = parseArgs({ ...config, tokens: true })
  const given = new Set<string>()
  for (const token of parsed.tokens ?? []) {
    if (token.kind !== 'option' || token.value === undefined) continue
    if (given.has(token.name) && !config.options?.[token.name]?.multiple) {
      throw new UsageError(`--${token.name} is given twice`)
    }
    given.add(token.name)
  }
  return parsed
}

/**
 * The value of an option that a command requires.
 * @throws {UsageError} when it was not given
 */
export function requiredOption(value: string | undefined, option: string): string {
  if (value === undefined) throw new UsageError(`--${option} is missing`)
  return value
}

/**
 * The value of `--limit`.
 * @param standard the value if it was not given
 * @throws {UsageError} when it is not a whole number of at least 1
 */
export function limitOf(text: string | undefined, standard: number): number {
  if (text === undefined) return standard
  const limit = Number(text)
  if (Number.isSafeInteger(limit) && limit >= 1) return limit
  throw new UsageError('--limit must be a whole number of at least 1')
}

const timeForm = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:\d{2})?)?$/

/**
 * The value of an option that is a date, or a date and time, in ISO 8601; milliseconds since the epoch. Without an
 * offset it is in UTC, like the times of records, wherever the command runs.
 * @throws {UsageError} when it is neither, or does not exist
 */
export function timeOf(text: string, option: string): number {
  const [, date = '', time = '00:00', offset = 'Z'] = timeForm.exec(text) ?? []
  const timeMs = isCalendarTime(date) ? Date.parse(`${date}T${time}${offset}`) : Number.NaN
  if (Number.isNaN(timeMs)) {
    throw new UsageError(`--${option} must be a time, such as 2026-01-15T09:30Z`)
  }
  return timeMs
}
