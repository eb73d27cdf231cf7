import { routesOf } from '../authorize/granted-route.ts'
import { jobRoutes } from '../contract/deferral.ts'
import { meetRoutes, parseRoutePattern } from '../contract/route-pattern.ts'
import { escapePointer } from '../syntax/json-pointer.ts'
import type { RuleFault } from './faults.ts'
import type { IntegrationSettings } from './integration-settings.ts'
import { memberOf } from './member-of.ts'

/**
 * Checks that settings name only routes that are granted, spelled as in the grant: others would apply to no request.
 * @param written the file without what its class adds, since a class may have limits that not every integration needs
 */
export function checkGrantRules({ policies }: IntegrationSettings, written: unknown): RuleFault[] {
  const { requestSchema, deprecations, auditDetails, jobs, cache } = policies
  const { searchCriteria, magentoSchema } = policies
  const named = [
    ...keysOf('requestSchema', requestSchema),
    ...keysOf('deprecations', deprecations),
    ...keysOf('auditDetails', auditDetails),
    ...keysOf('jobs', jobs),
    ...keysOf('cache', cache),
    ...keysOf('searchCriteria/routes', searchCriteria?.routes),
    ...keysOf('magentoSchema/routes', magentoSchema?.routes),
    ...itemsOf('magentoSchema/answers', magentoSchema?.answers),
    ...keysOf('knownAttacks/except', policies.knownAttacks?.except),
    ...keysOf('jsonBody/otherTypes', policies.jsonBody?.otherTypes),
    ...itemsOf('idempotency/required', policies.idempotency?.required),
  ]
  const granted = routesOf(policies.routes)
  const unknown = named.filter(({ route }) => !granted.includes(route))
  return [...unknown, ...unmetLimits(written, granted)].map(({ pointer }) => ({
    pointer,
    expected: 'a route that is granted in /policies/routes',
  }))
}

/** Limits may spell a route differently, or cover only part of it, as long as some request can match. */
function unmetLimits(written: unknown, granted: readonly string[]): NamedRoute[] {
  const own = memberOf(memberOf(memberOf(written, 'policies'), 'rateLimit'), 'routes')
  const usable = [...granted, jobRoutes.GET.route, jobRoutes.DELETE.route]
  return keysOf('rateLimit/routes', (own ?? {}) as object).filter(
    ({ route }) =>
      parseRoutePattern(route) !== undefined &&
      usable.every((each) => meetRoutes(route, each) === undefined),
  )
}

interface NamedRoute {
  readonly route: string
  readonly pointer: string
}

function keysOf(place: string, settings: object = {}): NamedRoute[] {
  return Object.keys(settings).map((route) => ({
    route,
    pointer: `/policies/${place}/${escapePointer(route)}`,
  }))
}

function itemsOf(place: string, routes: readonly string[] = []): NamedRoute[] {
  return routes.map((route, index) => ({ route, pointer: `/policies/${place}/${index}` }))
}
