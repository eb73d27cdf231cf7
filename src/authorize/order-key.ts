import { createHash } from 'node:crypto'
import { membersNamed } from '../contract/folded-names.ts'
import { variableOf } from '../contract/route-pattern.ts'
import type { RequestContext } from '../request-context.ts'
import { asComparedByDatabase } from '../syntax/database-text.ts'
import { pointerSteps } from '../syntax/json-pointer.ts'
import { percentDecode } from '../syntax/percent-encoding.ts'

/**
 * The longest key, in characters, of which no digest takes the place. A caller can send values of any length, and the
 * client of RabbitMQ sends at most 64 KiB beside a body.
 */
const longestKey = 1_000

/**
 * The key by which jobs are put in order: jobs of one integration about the same entity have the same key, whatever
 * their routes, and however they write its SKU.
 * @param places variables of the route, such as `:sku`, and JSON Pointers into the body; all requests that lack a
 *   value there have the same one
 */
export function orderKeyOf(
  integration: string,
  places: readonly string[],
  { routeVariables, json }: Pick<RequestContext, 'routeVariables' | 'json'>,
): string {
  const values = places.map((place) => {
    const variable = variableOf(place)
    if (variable === undefined) return valueAt(json?.value, place)
    return percentDecode(routeVariables?.get(variable) ?? '') ?? ''
  })
  const compared = values.map((value) => (value === null ? value : asComparedByDatabase(value)))
  const key = JSON.stringify([integration, ...compared])
  if (key.length <= longestKey) return key
  const digest = createHash('sha256').update(key).digest('base64url')
  return JSON.stringify([integration, digest])
}

/** The scalar at a place of the body, where names match in every spelling that Magento reads. */
function valueAt(body: unknown, pointer: string): string | null {
  let value = body
  for (const step of pointerSteps(pointer)) {
    if (typeof value !== 'object' || value === null) return null
    value = membersNamed(value, step)[0]
  }
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null
}
