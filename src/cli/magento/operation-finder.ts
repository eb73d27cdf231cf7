import { operationsOf, type SwaggerDocument } from '../../authorize/magento-contract/swagger.ts'
import { bulkPath } from '../../contract/api-route.ts'
import { unnamedRoute } from '../../contract/route-pattern.ts'

/**
 * Finds the operation that a granted route leads to, with or without `async` or `async/bulk`, and whatever its
 * variables are called.
 * @returns the route as the document spells it, undefined if the document does not have it
 */
export function operationFinder(
  document: SwaggerDocument,
): (granted: string) => string | undefined {
  const routes = operationsOf(document).map(([route]) => route)
  const byUnnamed = new Map(routes.map((route) => [unnamedRoute(route), route]))
  const byBulkPath = new Map(routes.map((route) => [bulkPath(route).toLowerCase(), route]))
  return (granted) => {
    const bulk = granted.replace(' /async/bulk/', ' /')
    if (bulk !== granted) return byBulkPath.get(bulk.toLowerCase())
    return byUnnamed.get(unnamedRoute(granted.replace(' /async/', ' /')))
  }
}
