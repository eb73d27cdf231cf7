import type { Attributes } from '@opentelemetry/api'

// OpenTelemetry's semantic conventions for HTTP spans: any other method is shown as _OTHER.
const knownMethods = new Set([
  ...['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'],
])

/** A method as attributes show it. */
export function methodAttribute(method: string): string {
  return knownMethods.has(method) ? method : '_OTHER'
}

/** The path of a route `METHOD path`, as the attribute `http.route`. */
export function routeAttribute(route: string | undefined): string | undefined {
  return route?.slice(route.indexOf(' ') + 1)
}

/** Attributes without those that have no value. */
export function definedOnly(
  attributes: Readonly<Record<string, string | number | undefined>>,
): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
}
