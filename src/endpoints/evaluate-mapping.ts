import type jsonata from 'jsonata'

/** An expression that could not be evaluated; JSONata's own errors hold the values that were mapped. */
export class MappingError extends Error {
  /** Of JSONata. */
  readonly code: string
  /** Characters from the begin of the expression. */
  readonly position: number | undefined

  constructor({ code, position }: Pick<MappingError, 'code' | 'position'>) {
    super(`JSONata ${code}${position === undefined ? '' : `, behind ${position} characters`}`)
    this.code = code
    this.position = position
  }
}

/**
 * Evaluates an expression to what JSON can say.
 * @throws {MappingError} and {@link TypeError} where a function came out, of which JSON would show the inside
 */
export async function evaluateMapping(
  expression: jsonata.Expression,
  input: unknown,
  bindings?: Record<string, unknown>,
): Promise<unknown> {
  const value = await evaluate(expression, input, bindings)
  if (hasFunction(value)) throw new TypeError('the expression comes to a function')
  return value
}

async function evaluate(...[expression, input, bindings]: Parameters<typeof evaluateMapping>) {
  try {
    return (await expression.evaluate(input, bindings)) as unknown
  } catch (error) {
    throw isOfJsonata(error) ? new MappingError(error) : error
  }
}

/** JSONata throws plain objects too. */
function isOfJsonata(error: unknown): error is Pick<MappingError, 'code' | 'position'> {
  return typeof error === 'object' && error !== null && /^[A-Z]\d{4}$/.test(codeOf(error))
}

function codeOf(error: object): string {
  return 'code' in error ? String(error.code) : ''
}

function hasFunction(value: unknown): boolean {
  if (typeof value === 'function') return true
  if (typeof value !== 'object' || value === null) return false
  // JSONata: function isFunction; no member of an object that it makes may have such a name.
  if ('_jsonata_function' in value || '_jsonata_lambda' in value) return true
  return Object.values(value).some(hasFunction)
}
