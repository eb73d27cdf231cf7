import {
  parseRoutePattern,
  repeatedVariable,
  unnamedRoute,
  variablesOf,
} from '../contract/route-pattern.ts'
import type { EndpointFileSettings } from './defined-endpoint.ts'
import { endpoints } from './endpoints.ts'

const ownRoutes: ReadonlySet<string> = new Set(
  endpoints.flatMap(({ routes }) => routes.map(unnamedRoute)),
)

/** Faults of an endpoint that a schema cannot express: reasons why it could never answer correctly. */
export function endpointFaults({ route, request, call }: EndpointFileSettings) {
  const variablesIn = (text: string) => variablesOf(parseRoutePattern(text)?.segments ?? [])
  const given = new Set(variablesIn(route))
  const faults = variablesIn(call.route)
    .filter((name) => !given.has(name))
    .map((name) => ({
      pointer: '/call/route',
      expected: `no :${name}, which ${route} does not have`,
    }))
  const refuse = (pointer: string, expected: string) => faults.push({ pointer, expected })
  const repeated = repeatedVariable(route)
  if (repeated !== undefined) refuse('/route', `only one variable with the name :${repeated}`)
  if (isOfJobs(route)) refuse('/route', 'another path than /V1/jobs, where jobs are shown')
  if (isOfJobs(call.route) || ownRoutes.has(unnamedRoute(call.route))) {
    refuse('/call/route', 'a route of Magento, and none that the gateway answers itself')
  }
  if (isRead(route) && request !== undefined) refuse('/request', 'none, since a GET has no body')
  // A read is answered before its record is written, and may be sent again at will, so it must not call a write.
  if (isRead(route) && !isRead(call.route))
    refuse('/call/route', 'a GET, since the endpoint is one')
  if (isRead(call.route) && call.body !== undefined) {
    refuse('/call/body', 'none, since the call is a GET and has no body')
  }
  return faults
}

function isRead(route: string): boolean {
  return route.startsWith('GET ')
}

function isOfJobs(route: string): boolean {
  return /^\w+ \/V1\/jobs(?:\/|$)/.test(route)
}
