import { meetRoutes } from '../authorize/route-pattern.ts'
import { escapePointer } from '../syntax/json-pointer.ts'
import type { Fault, ReadSettings, RuleFault } from './faults.ts'
import type { GatewaySettings } from './gateway-settings.ts'
import type { IntegrationSettings } from './integration-settings.ts'

/** Checks how an integration's rules for jobs fit its other settings. */
export function checkJobRules({ policies, upstream }: IntegrationSettings): RuleFault[] {
  return Object.entries(policies.jobs ?? {}).flatMap(([route, { mode, inOrderOf = [] }]) => {
    const at = `/policies/jobs/${escapePointer(route)}`
    const places = inOrderOf.flatMap((place, index) =>
      place.startsWith('/') || route.split('/').includes(place)
        ? []
        : [
            {
              pointer: `${at}/inOrderOf/${index}`,
              expected: `a variable of ${route}, or a JSON Pointer`,
            },
          ],
    )
    if (mode !== 'always' || upstream.passthrough !== true) return places
    const expected =
      'asked or never, since a credential of the caller is not kept to send a job with'
    return [...places, { pointer: `${at}/mode`, expected }]
  })
}

/** Checks that jobs are enabled if an integration turns all requests to a route into jobs, or wants to be called back. */
export function checkPlaceForJobs(
  file: string,
  gateway: GatewaySettings,
  integrations: readonly IntegrationSettings[],
): Fault[] {
  if (gateway.jobs !== undefined) return []
  return [madeJobs, calledBack].flatMap((needOf) => {
    const need = integrations.map(needOf).find((each) => each !== undefined)
    if (need === undefined) return []
    return [{ file, pointer: '/jobs', line: undefined, expected: `a value, since ${need}` }]
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
  { file, lineOf, settings }: ReadSettings<IntegrationSettings>,
  composed: readonly string[],
): Fault[] {
  const { jobs = {}, endpoints } = settings?.policies ?? {}
  if (endpoints === 'forward') return []
  return Object.entries(jobs).flatMap(([route, { engine }]) => {
    const own = composed.find((each) => meetRoutes(route, each) !== undefined)
    if (engine !== 'magento' || own === undefined) return []
    const pointer = `/policies/jobs/${escapePointer(route)}/engine`
    const expected = `gateway, which answers ${own} itself`
    return [{ file, pointer, line: lineOf(pointer), expected }]
  })
}
