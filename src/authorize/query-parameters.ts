import { onceFor } from '../contract/once-for.ts'
import type { RequestTarget } from '../request-context.ts'

/** A parameter of a query as PHP reads it, in its order. */
export interface QueryParameter {
  /** The name and its keys: `a[b][]` is `['a', 'b', '']`. */
  readonly path: readonly string[]
  readonly value: string
}

/** PHP leaves out what stands behind so many parameters, unless it is told otherwise (PHP: max_input_vars). */
const maxParameters = 1_000

/**
 * Reads a query as PHP does.
 * @returns undefined where PHP would read it in another way than it is written: brackets that are not in
 *   pairs, a dot or space in a name, which become underscores (PHP: main/php_variables.c), or more
 *   parameters than it takes
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

/** The query of a target, read once for all policies that look into it. */
export function queryOf(target: RequestTarget | undefined): readonly QueryParameter[] | undefined {
  return target?.query === undefined ? none : readOnce(target).query
}

const none: readonly QueryParameter[] = []

const readOnce = onceFor(({ query }: RequestTarget) => ({ query: parseQuery(query) }))

const nameForm = /^([^[\]. ]+)((?:\[[^[\]]*\])*)$/

/** The grammar of targets has seen to it that the percent-encoding is valid. */
function decode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}
