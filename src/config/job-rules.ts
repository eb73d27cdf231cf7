import { escapePointer } from '../json-pointer.ts'
import type { Fault } from './faults.ts'
import type { IntegrationSettings } from './integration-settings.ts'

/** What must hold between the rules for jobs of an integration and its other settings. */
export function checkJobRules({
  policies,
  upstream,
}: IntegrationSettings): Pick<Fault, 'pointer' | 'expected'>[] {
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
