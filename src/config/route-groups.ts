import type { Grant } from '../authorize/granted-route.ts'
import { operationsOf, type SwaggerDocument } from '../authorize/magento-contract/swagger.ts'
import { routePresets } from '../authorize/route-presets.ts'
import { contractFile } from './magento-schema-file.ts'

/** Grants without groups, and what is wrong with those that could not be replaced. */
export interface ExpandedGrants {
  readonly routes: readonly string[]
  readonly faults: readonly { readonly pointer: string; readonly expected: string }[]
}

/**
 * Puts the routes of presets and tags in their places; each route once.
 * @param document the schema of the shop, which tags are of
 */
export function expandGrants(
  grants: readonly Grant[],
  document: SwaggerDocument | undefined,
): ExpandedGrants {
  const routes = new Set<string>()
  const faults: { pointer: string; expected: string }[] = []
  for (const [index, grant] of grants.entries()) {
    const found = typeof grant === 'string' ? [grant] : membersOf(grant, document)
    for (const route of found) routes.add(route)
    if (found.length > 0) continue
    const expected =
      document === undefined
        ? `the schema of Magento in ${contractFile}, which tags are of: fetch it with magento pull`
        : `a tag of ${contractFile}`
    faults.push({ pointer: `/policies/routes/${index}`, expected })
  }
  return { routes: [...routes], faults }
}

function membersOf(
  group: Exclude<Grant, string>,
  document: SwaggerDocument | undefined,
): readonly string[] {
  if ('preset' in group) return routePresets[group.preset as keyof typeof routePresets]
  if (document === undefined) return []
  return operationsOf(document).flatMap(([route, { tags }]) =>
    tags?.includes(group.tag) ? [route] : [],
  )
}
