import { apiRoute } from '../contract/api-route.ts'
import { parseRoutePattern, unnamedRoute } from '../contract/route-pattern.ts'

/** The POSTs of Magento that set an absolute state, so that sending them again changes nothing. */
const absolutePosts: ReadonlySet<string> = new Set([
  'POST /V1/inventory/source-items',
  'POST /V1/inventory/source-items-delete',
])

/** A PUT in name only: each call creates another order (Magento: Sales/etc/webapi.xml). */
const creatingPuts: ReadonlySet<string> = new Set(['PUT /V1/orders/create'])

/** Whether calling a route of Magento twice has the same effect as calling it once. */
export function isRepeatableRoute(route: string): boolean {
  const { method, segments } = parseRoutePattern(route) ?? { method: 'POST', segments: [] }
  const plain = unnamedRoute(`${method} /${apiRoute(segments).segments.join('/')}`)
  return method === 'POST' ? absolutePosts.has(plain) : !creatingPuts.has(plain)
}
