import type jsonata from 'jsonata'

/**
 * Evaluates an expression to what JSON can say.
 * @throws {Error} of JSONata, and {@link TypeError} where a function came out, of which JSON would show the inside
 */
export async function evaluateMapping(
  expression: jsonata.Expression,
  input: unknown,
  bindings?: Record<string, unknown>,
): Promise<unknown> {
  const value: unknown = await expression.evaluate(input, bindings)
  if (hasFunction(value)) throw new TypeError('the expression comes to a function')
  return value
}

function hasFunction(value: unknown): boolean {
  if (typeof value === 'function') return true
  if (typeof value !== 'object' || value === null) return false
  // JSONata: function isFunction; no member of an object that it makes may have such a name.
  if ('_jsonata_function' in value || '_jsonata_lambda' in value) return true
  return Object.values(value).some(hasFunction)
}
