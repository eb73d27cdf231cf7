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
