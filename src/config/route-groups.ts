import type { Grant } from '../authorize/granted-route.ts'
import { operationsOf, type SwaggerDocument } from '../authorize/magento-contract/swagger.ts'
import { routePresets } from '../authorize/route-presets.ts'
import { repeatedVariable, unnamedRoute } from '../contract/route-pattern.ts'
import type { RuleFault } from './faults.ts'
import { magentoSchemaFile } from './magento-schema-file.ts'

/** Grants whose groups were replaced by routes, and the faults of those that could not be replaced. */
export interface ExpandedGrants {
  readonly routes: readonly string[]
  readonly faults: readonly RuleFault[]
}

/**
 * Replaces presets and tags by their routes. Each route occurs once. If a grant also spells it out, its names of
 * variables are kept, because other settings of the integration refer to the route by them.
 * @param document the schema of the shop, in which tags are looked up
 */
export function expandGrants(
  grants: readonly Grant[],
  document: SwaggerDocument | undefined,
): ExpandedGrants {
  const written = new Map<string, string>()
  const routes = new Map<string, string>()
  const faults: RuleFault[] = []
  const fault = (index: number, expected: string) =>
    faults.push({ pointer: `/policies/routes/${index}`, expected })
  for (const [index, grant] of grants.entries()) {
    if (typeof grant !== 'string') continue
    const repeated = repeatedVariable(grant)
    if (repeated !== undefined) fault(index, `only one variable with the name :${repeated}`)
    const twin = written.get(unnamedRoute(grant))
    // If two grants are the same route, settings that refer to the second spelling would apply to no request.
    if (twin !== undefined) fault(index, `another route than ${twin}, which it is`)
    else written.set(unnamedRoute(grant), grant)
  }
  for (const [index, grant] of grants.entries()) {
    const found = typeof grant === 'string' ? [grant] : membersOf(grant, document)
    for (const route of found) {
      const unnamed = unnamedRoute(route)
      if (!routes.has(unnamed)) routes.set(unnamed, written.get(unnamed) ?? route)
    }
    if (found.length > 0) continue
    const expected =
      document === undefined
        ? `the schema of Magento in ${magentoSchemaFile}, which tags are of: fetch it with magento pull`
        : `a tag of ${magentoSchemaFile}`
    fault(index, expected)
  }
  return { routes: [...routes.values()], faults }
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
