import { Type } from 'typebox'

/** A route that can be granted: a method and a path whose segments are literals or variables. */
export interface RoutePattern {
  /** As written: `GET /V1/products/:sku`. */
  readonly text: string
  readonly method: string
  /** Each is a literal, or a colon and the name of a variable. */
  readonly segments: readonly string[]
}

const patternForm =
  /^(GET|POST|PUT|DELETE) ((?:\/async(?:\/bulk)?)?\/V1(?:\/(?::[A-Za-z][A-Za-z0-9_]*|[A-Za-z0-9._~-]+))+)$/

/** Parses `METHOD /V1/path/:variable`; undefined if the text has another form. */
export function parseRoutePattern(text: string): RoutePattern | undefined {
  const [, method, path] = patternForm.exec(text) ?? []
  if (method === undefined || path === undefined) return undefined
  return { text, method, segments: path.slice(1).split('/') }
}

/** A setting that names a route as Magento's own route table does. */
export function RoutePatternSetting() {
  return Type.String({
    pattern: patternForm.source,
    examples: ['GET /V1/products/:sku'],
    expected: 'a method and a path, such as GET /V1/products/:sku',
  })
}

/** A setting that names a route whose requests may have a body. */
export function WriteRouteSetting() {
  return Type.String({
    pattern: patternForm.source.replace('GET|', ''),
    expected: 'a method that writes and a path, such as PUT /V1/products/:sku',
  })
}

/** A setting that names where a request to a route says something: a variable of the route, or a place in the body. */
export function PlaceSetting(pointer: string) {
  return Type.String({
    pattern: '^(?::[A-Za-z][A-Za-z0-9_]*|(?:/[^/]+)+)$',
    expected: `a variable of the route such as :sku, or a JSON Pointer such as ${pointer}`,
  })
}

/** A setting that names a method or a route. */
export function MethodOrRouteSetting() {
  return Type.String({
    pattern: `^(?:GET|POST|PUT|DELETE)$|${patternForm.source}`,
    expected: 'a method, or a method and a path, such as POST or GET /V1/products/:sku',
  })
}

/** The pattern that a request matches, with the values of its variables, raw and still percent-encoded. */
export interface RouteMatch<Pattern extends RoutePattern> {
  readonly pattern: Pattern
  readonly variables: ReadonlyMap<string, string>
}

/** Finds the pattern that a request matches. */
export type RouteMatcher<Pattern extends RoutePattern> = (
  method: string,
  segments: readonly string[],
) => RouteMatch<Pattern> | undefined

/**
 * Compiles patterns into a matcher. Literals are compared with the raw segment, without decoding it, as Magento does
 * (Magento: Webapi/Controller/Rest/Router/Route.php). If several patterns match, the one with the earliest literal wins.
 */
export function compileRoutes<Pattern extends RoutePattern>(
  patterns: readonly Pattern[],
): RouteMatcher<Pattern> {
  const byShape = Map.groupBy(patterns, ({ method, segments }) => shape(method, segments))
  for (const group of byShape.values()) group.sort(literalsFirst)
  return (method, segments) => {
    for (const pattern of byShape.get(shape(method, segments)) ?? []) {
      if (hasLiterals(pattern.segments, segments)) {
        return { pattern, variables: variablesIn(pattern.segments, segments) }
      }
    }
    return undefined
  }
}

function shape(method: string, segments: readonly string[]): string {
  return `${method} ${segments.length}`
}

function literalsFirst(one: RoutePattern, other: RoutePattern): number {
  for (const [index, segment] of one.segments.entries()) {
    const difference = Number(isVariable(segment)) - Number(isVariable(other.segments[index] ?? ''))
    if (difference !== 0) return difference
  }
  return 0
}

function isVariable(segment: string): boolean {
  return segment.startsWith(':')
}

/** The name of the variable if a segment of a pattern is one; undefined for a literal. */
export function variableOf(segment: string): string | undefined {
  return isVariable(segment) ? segment.slice(1) : undefined
}

/** The names of the variables among the segments of a pattern, in order. */
export function variablesOf(segments: readonly string[]): string[] {
  return segments.flatMap((segment) => variableOf(segment) ?? [])
}

/** The first name that a route gives to several variables, of which a request would have only the last; undefined if none. */
export function repeatedVariable(route: string): string | undefined {
  const names = variablesOf(parseRoutePattern(route)?.segments ?? [])
  return names.find((name, index) => names.indexOf(name) < index)
}

/** A route without the names of its variables, for comparing routes that may name them differently. */
export function unnamedRoute(route: string): string {
  return route.replaceAll(/:[A-Za-z0-9_]+/g, ':')
}

/**
 * The pattern of those requests that match both of two routes: a segment is literal if it is literal in either route,
 * and variables have the names of the first.
 * @returns the segments of that pattern; undefined if no request matches both
 */
export function meetRoutes(one: string, other: string): readonly string[] | undefined {
  const [first, second] = [parseRoutePattern(one), parseRoutePattern(other)]
  if (first === undefined || second === undefined || first.method !== second.method)
    return undefined
  if (first.segments.length !== second.segments.length) return undefined
  const met = first.segments.map((segment, index) => {
    const facing = second.segments[index] ?? ''
    if (!isVariable(segment)) return isVariable(facing) || facing === segment ? segment : undefined
    return isVariable(facing) ? segment : facing
  })
  return met.every((segment) => segment !== undefined) ? met : undefined
}

/** Whether segments, as many as the pattern has, are equal to its literals. Most patterns are only asked for this. */
function hasLiterals(pattern: readonly string[], segments: readonly string[]): boolean {
  for (let index = 0; index < pattern.length; index += 1) {
    const expected = pattern[index] as string
    if (segments[index] !== expected && !isVariable(expected)) return false
  }
  return true
}

function variablesIn(
  pattern: readonly string[],
  segments: readonly string[],
): ReadonlyMap<string, string> {
  const variables = new Map<string, string>()
  for (const [index, expected] of pattern.entries()) {
    const name = variableOf(expected)
    if (name !== undefined) variables.set(name, segments[index] ?? '')
  }
  return variables
}
