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
