import { routesOf } from '../authorize/granted-route.ts'
import { jobRoutes } from '../contract/deferral.ts'
import {
  meetRoutes,
  parseRoutePattern,
  RoutePatternSetting,
  WriteRouteSetting,
} from '../contract/route-pattern.ts'
import { policies as pipeline } from '../pipeline.ts'
import { isObject } from '../syntax/is-object.ts'
import { escapePointer } from '../syntax/json-pointer.ts'
import type { RuleFault } from './faults.ts'
import type { IntegrationSettings } from './integration-settings.ts'
import { memberOf } from './member-of.ts'

/**
 * Checks that settings name only routes that are granted, spelled as in the grant: others would apply to no request.
 * @param written the file without what its class adds, since a class may have limits that not every integration needs
 */
export function checkGrantRules({ policies }: IntegrationSettings, written: unknown): RuleFault[] {
  const named = pipeline.flatMap(({ section, key, settings }) =>
    section === 'policies' ? namedIn(settings, policies[key], `/policies/${key}`) : [],
  )
  const granted = routesOf(policies.routes)
  const unknown = named.filter(({ route }) => !granted.includes(route))
  return [...unknown, ...unmetLimits(written, granted)].map(({ pointer }) => ({
    pointer,
    expected: 'a route that is granted in /policies/routes',
  }))
}

const routeForms = [RoutePatternSetting(), WriteRouteSetting()].map(
  (form: object) => memberOf(form, 'pattern') as string,
)

/** The routes that settings name, as their schema says: by keys, or by items of a list. */
function namedIn(schema: unknown, settings: unknown, pointer: string): NamedRoute[] {
  if (!isObject(schema) || !isObject(settings)) return []
  if (routeForms.includes(memberOf(schema.items, 'pattern') as string)) {
    return Object.entries(settings).map(([index, route]) => ({
      route: route as string,
      pointer: `${pointer}/${index}`,
    }))
  }
  if (routeForms.some((form) => memberOf(schema.patternProperties, form))) {
    return keysOf(pointer, settings)
  }
  return Object.entries(settings).flatMap(([key, below]) =>
    namedIn(memberOf(schema.properties, key), below, `${pointer}/${key}`),
  )
}

/** Limits may spell a route differently, or cover only part of it, as long as some request can match. */
function unmetLimits(written: unknown, granted: readonly string[]): NamedRoute[] {
  const own = memberOf(memberOf(memberOf(written, 'policies'), 'rateLimit'), 'routes')
  const usable = [...granted, jobRoutes.GET.route, jobRoutes.DELETE.route]
  return keysOf('/policies/rateLimit/routes', (own ?? {}) as object).filter(
    ({ route }) =>
      parseRoutePattern(route) !== undefined &&
      usable.every((each) => meetRoutes(route, each) === undefined),
  )
}

interface NamedRoute {
  readonly route: string
  readonly pointer: string
}

function keysOf(pointer: string, settings: object): NamedRoute[] {
  return Object.keys(settings).map((route) => ({
    route,
    pointer: `${pointer}/${escapePointer(route)}`,
  }))
}
