import { meetRoutes } from '../contract/route-pattern.ts'
import { escapePointer } from '../syntax/json-pointer.ts'
import { faultAt, type RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'
import type { IntegrationSettings } from './integration-settings.ts'

/** Checks how an integration's rules for jobs fit its other settings. */
export function checkJobRules({ policies, upstream }: IntegrationSettings): RuleFault[] {
  return Object.entries(policies.jobs ?? {}).flatMap(([route, { mode, inOrderOf = [] }]) => {
    const at = `/policies/jobs/${escapePointer(route)}`
    const hasNoCredential = mode === 'always' && upstream.passthrough === true
    return [
      ...checkPlacesIn(route, inOrderOf, `${at}/inOrderOf`),
      ...faultAt(
        `${at}/mode`,
        hasNoCredential &&
          'asked or never, since a credential of the caller is not kept to send a job with',
      ),
    ]
  })
}

/**
 * Checks places where a request of a route says something: variables of the route, or JSON Pointers into its body.
 * @param pointer to the list of them
 */
export function checkPlacesIn(
  route: string,
  places: readonly string[],
  pointer: string,
): RuleFault[] {
  const variables = route.split('/')
  return places.flatMap((place, index) => {
    const isKnown = place.startsWith('/') || variables.includes(place)
    return faultAt(`${pointer}/${index}`, !isKnown && `a variable of ${route}, or a JSON Pointer`)
  })
}

/** Checks that jobs are enabled if an integration turns all requests to a route into jobs, or wants to be called back. */
export function checkJobsEnabled(
  gateway: GatewaySettings,
  integrations: readonly IntegrationSettings[],
): RuleFault[] {
  if (gateway.jobs !== undefined) return []
  return [madeJobs, calledBack].flatMap((needOf) => {
    const need = integrations.map(needOf).find((each) => each !== undefined)
    return faultAt('/jobs', need && `a value, since ${need}`)
  })
}

function madeJobs({ name, policies }: IntegrationSettings): string | undefined {
  const [route] =
    Object.entries(policies.jobs ?? {}).find(([, { mode }]) => mode === 'always') ?? []
  return route && `every ${route} of ${name} is made a job`
}

function calledBack({ name, callback }: IntegrationSettings): string | undefined {
  return callback && `${name} is called back at the end of jobs`
}

/**
 * Checks that no job of a route that the gateway itself answers is to be worked off by Magento, which cannot do that.
 * @param composed the routes of the gateway's own endpoints
 */
export function checkJobEngines(
  { policies: { jobs = {}, endpoints } }: IntegrationSettings,
  composed: readonly string[],
): RuleFault[] {
  if (endpoints === 'forward') return []
  return Object.entries(jobs).flatMap(([route, { engine }]) => {
    if (engine !== 'magento') return []
    const own = composed.find((each) => meetRoutes(route, each) !== undefined)
    return faultAt(
      `/policies/jobs/${escapePointer(route)}/engine`,
      own && `gateway, which answers ${own} itself`,
    )
  })
}
