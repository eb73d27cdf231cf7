import { onceFor } from '../contract/once-for.ts'
import type { RequestTarget } from '../request-context.ts'

/** A parameter of a query, as PHP reads it. */
export interface QueryParameter {
  /** The name and its keys: `a[b][]` is `['a', 'b', '']`. */
  readonly path: readonly string[]
  readonly value: string
}

/** PHP drops all parameters after this many, unless it is configured otherwise (PHP: max_input_vars). */
const maxParameters = 1_000

/**
 * Reads a query as PHP does.
 * @returns undefined if PHP would read it differently from how it is written: it has unpaired brackets, a dot or space
 *   in a name, which PHP turns into an underscore (PHP: main/php_variables.c), a space for a key, which PHP takes for none,
 *   or more parameters than PHP takes
 */
export function parseQuery(query: string | undefined): readonly QueryParameter[] | undefined {
  if (!query) return []
  const parameters: QueryParameter[] = []
  for (const pair of query.split('&')) {
    if (pair === '') continue
    if (parameters.length === maxParameters) return undefined
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    const [, base, keys] = nameForm.exec(name) ?? []
    if (base === undefined || keys === undefined) return undefined
    const path = [base, ...keys.slice(1, -1).split('][')]
    parameters.push({
      path: keys === '' ? [base] : path,
      value: equals < 0 ? '' : decode(pair.slice(equals + 1)),
    })
  }
  return parameters
}

/** The query of a target, parsed once for all policies that look at it. */
export function queryOf(target: RequestTarget): readonly QueryParameter[] | undefined {
  return target.query === undefined ? none : readOnce(target).query
}

const none: readonly QueryParameter[] = []

const readOnce = onceFor(({ query }: RequestTarget) => ({ query: parseQuery(query) }))

const nameForm = /^([^[\]. ]+)((?:\[(?! \])[^[\]]*\])*)$/

/** Cannot throw: the target has been parsed, so its percent-encoding is valid. */
function decode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}
