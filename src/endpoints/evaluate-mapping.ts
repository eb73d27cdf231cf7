import jsonata from 'jsonata'
import { distinct } from './distinct.ts'

/** Longest that an expression is evaluated, milliseconds; nothing else is served in this time. */
const longestMs = 500

/**
 * Most elements of an array, or members of an object, that an expression is given or makes. Some of JSONata's functions
 * take time and memory with the square of their number, and are not interrupted: `$sort` of 200,000 takes gigabytes.
 */
const longestList = 10_000

/**
 * Compiles an expression, whose evaluation is bounded in time and in the length of lists.
 * @throws an error of JSONata if the text is none
 */
export function compileMapping(text: string): jsonata.Expression {
  const expression = jsonata(text, { timeout: longestMs, sequence: longestList })
  expression.registerFunction('distinct', distinct, '<x:x>')
  return expression
}

/** An expression could not be evaluated. JSONata's own errors are not used, since they contain the mapped values. */
export class MappingError extends Error {
  /** The error code of JSONata. */
  readonly code: string
  /** The position in the expression, in characters. */
  readonly position: number | undefined

  constructor({ code, position }: Pick<MappingError, 'code' | 'position'>) {
    super(`JSONata ${code}${position === undefined ? '' : `, behind ${position} characters`}`)
    this.code = code
    this.position = position
  }
}

/** What is wrong with the text of an expression, without any of it; undefined if nothing is. */
export function syntaxFaultOf(text: string): string | undefined {
  try {
    jsonata(text)
    return undefined
  } catch (error) {
    return isOfJsonata(error) ? new MappingError(error).message : 'of another form'
  }
}

/**
 * Evaluates an expression to a JSON value.
 * @throws {MappingError} with JSONata's code `D1012` if it takes too long, `D2015` if a list is too long
 * @throws {TypeError} if the result contains a function, of which JSON would reveal JSONata's internals
 */
export async function evaluateMapping(
  expression: jsonata.Expression,
  input: unknown,
  bindings?: Record<string, unknown>,
): Promise<unknown> {
  if (hasLongList(input) || hasLongList(bindings)) {
    throw new MappingError({ code: 'D2015', position: undefined })
  }
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

/** JSONata also throws plain objects that are no Error. */
function isOfJsonata(error: unknown): error is Pick<MappingError, 'code' | 'position'> {
  return typeof error === 'object' && error !== null && /^[A-Z]\d{4}$/.test(codeOf(error))
}

function codeOf(error: object): string {
  return 'code' in error ? String(error.code) : ''
}

function hasLongList(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const members = Object.values(value)
  return members.length > longestList || members.some(hasLongList)
}

function hasFunction(value: unknown): boolean {
  if (typeof value === 'function') return true
  if (typeof value !== 'object' || value === null) return false
  // These members mark JSONata's functions (see its isFunction). No ordinary object may have members with these names.
  if ('_jsonata_function' in value || '_jsonata_lambda' in value) return true
  return Object.values(value).some(hasFunction)
}
