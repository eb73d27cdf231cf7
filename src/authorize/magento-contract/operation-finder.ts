import { operationsOf, type SwaggerDocument } from './swagger.ts'

/**
 * Finds the operation that a granted route leads to, with or without `async` or `async/bulk`, and whatever its
 * variables are called.
 * @returns the route as the document spells it, undefined if the document does not have it
 */
export function operationFinder(
  document: SwaggerDocument,
): (granted: string) => string | undefined {
  const byShape = new Map(operationsOf(document).map(([route]) => [shapeOf(route), route]))
  // In a bulk route the variables are fixed words of the path: `bySku`.
  const byBulkShape = new Map(operationsOf(document).map(([route]) => [bulkShapeOf(route), route]))
  return (granted) => {
    const bulk = granted.replace(' /async/bulk/', ' /')
    if (bulk !== granted) return byBulkShape.get(bulk.toLowerCase())
    return byShape.get(shapeOf(granted.replace(' /async/', ' /')))
  }
}

function shapeOf(route: string): string {
  return route.replace(/:\w+/g, ':')
}

function bulkShapeOf(route: string): string {
  return route.replace(/:(\w)/g, 'by$1').toLowerCase()
}
