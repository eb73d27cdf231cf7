import type { Static } from 'typebox'
import { apiRoute, beginsWithinElements, mayBeBulk } from '../../contract/api-route.ts'
import { foldName, membersNamed } from '../../contract/folded-names.ts'
import type { RequestContext, RequestTarget } from '../../request-context.ts'
import { pointerSteps } from '../../syntax/json-pointer.ts'
import { isSlowToParse } from '../../syntax/json-structure.ts'
import { wholeNumberOf } from '../../syntax/php-number.ts'
import { withPlainNames } from '../../syntax/plain-names.ts'
import { queryOf } from '../query-parameters.ts'
import { criteriaNames } from '../search-criteria/parse-criteria.ts'
import { countElements } from '../wrapped-lists.ts'
import type { ScopedLimits } from './limit-settings.ts'

/** How many tokens a request costs, at least 1. */
export type RequestCost = (request: RequestContext) => number

type CostSettings = NonNullable<Static<typeof ScopedLimits>['cost']>

/** As much as the largest quota that can be configured. Redis counts with 64-bit integers. */
const largestCost = 1e15

/** PHP reads nothing that is nested deeper (PHP: json_decode). */
const maxDepth = 512

/** Compiles the cost of requests: the largest of the costs that the settings give. */
export function compileCost({
  fixed = 1,
  items,
  pageSize,
  unpaged = 1,
}: CostSettings): RequestCost {
  const steps = items === undefined ? undefined : pointerSteps(items)
  return (request) => {
    let cost = fixed
    if (steps !== undefined) cost = Math.max(cost, itemCount(request, steps))
    if (pageSize !== undefined || unpaged > 1) {
      const size = pageSizeOf(request.target)
      if (size === undefined) {
        // A write without a page size asks for no entries at all.
        if (request.method === 'GET') cost = Math.max(cost, unpaged)
      } else if (pageSize !== undefined) cost = Math.max(cost, Math.ceil(size / pageSize))
    }
    return Math.min(cost, largestCost)
  }
}

/**
 * The length of an array in the body; in a bulk request the sum over all calls, each of which counts as at least one.
 * It is 0 if there is no such array, in which case a later policy refuses the request.
 */
function itemCount({ body, target }: RequestContext, steps: readonly string[]): number {
  if (body.length === 0 || isSlowToParse(body, maxDepth)) return 0
  try {
    const value: unknown = JSON.parse(withPlainNames(body.toString()) ?? '')
    const isForEach =
      mayBeBulk(apiRoute(target.segments).execution, value) && beginsWithinElements(steps)
    if (!isForEach) return countAt(value, steps, 0)
    const counts = Object.values(value as object).map((each) => countAt(each, steps, 0))
    return counts.reduce((sum, count) => sum + Math.max(1, count), 0)
  } catch {
    return 0
  }
}

/** If several names are the same to Magento, the one that leads to the highest count is used. */
function countAt(value: unknown, steps: readonly string[], at: number): number {
  if (typeof value !== 'object' || value === null) return 0
  const step = steps[at]
  if (step === undefined) {
    // PHP encodes an array with gaps as a JSON object, which Magento reads as an array again.
    return Array.isArray(value) ? value.length : countElements(value)
  }
  let most = 0
  for (const member of membersNamed(value, step)) {
    most = Math.max(most, countAt(member, steps, at + 1))
  }
  return most
}

/**
 * The largest page size that a query asks for, in any spelling that Magento accepts. Undefined if it asks for
 * everything, as it does without a page size, or with one that is 0 or not a number. If criteria are given under
 * several names, Magento reads only one of them, so asking for everything under any name counts.
 */
function pageSizeOf(target: RequestTarget): number | undefined {
  const sizes = new Map<string, number>()
  for (const { path, value } of queryOf(target) ?? []) {
    const [criteria = '', name = ''] = path
    if (!criteriaNames.has(criteria)) continue
    // `searchCriteria=x` replaces all members that were given before it.
    const known = path.length === 1 ? 0 : (sizes.get(criteria) ?? 0)
    const isSize = path.length === 2 && foldName(name) === 'pagesize'
    sizes.set(criteria, isSize ? Math.max(known, wholeNumberOf(value) ?? 0) : known)
  }
  return sizes.size > 0 && [...sizes.values()].every((size) => size > 0)
    ? Math.max(...sizes.values())
    : undefined
}
