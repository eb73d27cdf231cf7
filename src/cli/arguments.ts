/** A command was called in a way that it does not understand. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/**
 * The value of an option that a command cannot do without.
 * @throws {UsageError} when it was not given
 */
export function requiredOption(value: string | undefined, option: string): string {
  if (value === undefined) throw new UsageError(`--${option} is missing`)
  return value
}
