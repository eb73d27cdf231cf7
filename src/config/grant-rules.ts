import { escapePointer } from '../syntax/json-pointer.ts'
import type { Fault } from './faults.ts'
import type { IntegrationSettings } from './integration-settings.ts'

type RuleFault = Pick<Fault, 'pointer' | 'expected'>

/** What settings say of a route that is not granted, or is granted by another name, would hold for no request. */
export function checkGrantRules({ policies }: IntegrationSettings): RuleFault[] {
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
  return named.flatMap(({ route, pointer }) =>
    policies.routes?.includes(route)
      ? []
      : [{ pointer, expected: 'a route that is granted in /policies/routes' }],
  )
}

interface NamedRoute {
  readonly route: string
  readonly pointer: string
}

function keysOf(place: string, settings: Readonly<Record<string, unknown>> = {}): NamedRoute[] {
  return Object.keys(settings).map((route) => ({
    route,
    pointer: `/policies/${place}/${escapePointer(route)}`,
  }))
}

function itemsOf(place: string, routes: readonly string[] = []): NamedRoute[] {
  return routes.map((route, index) => ({ route, pointer: `/policies/${place}/${index}` }))
}
