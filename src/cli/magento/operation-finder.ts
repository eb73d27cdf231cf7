import { compileContract } from '../../authorize/magento-contract/contract.ts'
import type { SwaggerDocument } from '../../authorize/magento-contract/swagger.ts'
import { apiRoute } from '../../contract/api-route.ts'
import { parseRoutePattern } from '../../contract/route-pattern.ts'

/**
 * Finds the operation that a granted route leads to, with or without `async` or `async/bulk`, whatever its variables
 * are called, and also where it has a value in the place of a variable.
 * @returns the route as the document spells it, undefined if the document does not have it
 */
export function operationFinder(
  document: SwaggerDocument,
): (granted: string) => string | undefined {
  // Nothing is checked here, so the bounds have no effect.
  const { find } = compileContract(document, { maxStringLength: 0, maxItems: 0 })
  return (granted) => {
    const pattern = parseRoutePattern(granted)
    return pattern && find(pattern.method, apiRoute(pattern.segments))?.route
  }
}
