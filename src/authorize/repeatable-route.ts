import { apiRoute } from './api-route.ts'
import { parseRoutePattern, unnamedRoute } from './route-pattern.ts'

/** Routes of Magento that set what is there to what is said, however often. */
const absolutePosts: ReadonlySet<string> = new Set([
  'POST /V1/inventory/source-items',
  'POST /V1/inventory/source-items-delete',
])

/** PUT by name only: it makes an order each time (Magento: Sales/etc/webapi.xml). */
const creatingPuts: ReadonlySet<string> = new Set(['PUT /V1/orders/create'])

/** Whether to do it twice is to do it once, of a route of Magento. */
export function isRepeatableRoute(route: string): boolean {
  const { method, segments } = parseRoutePattern(route) ?? { method: 'POST', segments: [] }
  const plain = unnamedRoute(`${method} /${apiRoute(segments).segments.join('/')}`)
  return method === 'POST' ? absolutePosts.has(plain) : !creatingPuts.has(plain)
}
