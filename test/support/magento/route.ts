import type { Caller } from './caller.ts'
import type { Input } from './input.ts'
import { urlDecode } from './php/url-decoding.ts'

/** What a service is handed. */
export interface Call {
  readonly input: Input
  /** Variables of the path, decoded once. */
  readonly variables: Readonly<Record<string, string>>
  readonly caller: Caller
}

/** A route as Magento's webapi.xml has it. */
export interface Route {
  readonly method: string
  /** `/V1/products/:sku` */
  readonly path: string
  /** The ACL resource that the caller needs, or `anonymous`. */
  readonly resource: string
  readonly serve: (call: Call) => unknown
}

/** A route that fits, with the variables of its path. */
export interface RouteMatch {
  readonly route: Route
  readonly variables: Readonly<Record<string, string>>
}

/**
 * Finds the route of a raw path: literals as they are, variables decoded once, and of several that
 * fit the last in the order of their paths. Source: Magento: Webapi/Controller/Rest/Router/Route.php.
 */
export function matchRoute(
  routes: readonly Route[],
  method: string,
  rawPath: string,
): RouteMatch | undefined {
  const exact = routes.find((route) => route.method === method && route.path === rawPath)
  if (exact !== undefined) return { route: exact, variables: {} }
  const segments = rawPath.split('/')
  const fitting = routes
    .filter((route) => route.method === method)
    .sort((one, other) => (one.path < other.path ? -1 : 1))
    .map((route) => ({ route, variables: variablesOf(route.path.split('/'), segments) }))
    .filter((match): match is RouteMatch => match.variables !== undefined)
  return fitting.at(-1)
}

function variablesOf(
  pattern: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined
  const variables: Record<string, string> = {}
  for (const [index, expected] of pattern.entries()) {
    const segment = segments[index] ?? ''
    if (expected.startsWith(':')) variables[expected.slice(1)] = urlDecode(segment)
    else if (expected !== segment) return undefined
  }
  return variables
}
