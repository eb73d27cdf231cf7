import { operationsOf, type SwaggerDocument } from './swagger.ts'

/**
 * Finds the operation that a granted route leads to, whatever its variables are called, also by way of
 * `async` and `async/bulk`.
 * @returns the route as the document has it, undefined where it has none
 */
export function operationFinder(
  document: SwaggerDocument,
): (granted: string) => string | undefined {
  const byShape = new Map(operationsOf(document).map(([route]) => [shapeOf(route), route]))
  // Of a bulk route the variables are words of the path: `bySku`.
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
