/** The arguments of a command are wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
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
  if (Number.isInteger(limit) && limit >= 1) return limit
  throw new UsageError('--limit must be a whole number of at least 1')
}
