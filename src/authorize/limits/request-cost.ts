import type { Static } from 'typebox'
import type { RequestContext, RequestTarget } from '../../request-context.ts'
import { unescapePointer } from '../../syntax/json-pointer.ts'
import { apiRoute } from '../api-route.ts'
import { foldName } from '../folded-names.ts'
import { withPlainNames } from '../plain-names.ts'
import { queryOf } from '../query-parameters.ts'
import { criteriaNames } from '../search-criteria/parse-criteria.ts'
import type { ScopedLimits } from './limit-settings.ts'

/** Tokens that a request costs, at least 1. */
export type RequestCost = (request: RequestContext) => number

type CostSettings = NonNullable<Static<typeof ScopedLimits>['cost']>

/** As much as the largest quota; Redis counts in whole numbers of 64 bits. */
const largestCost = 1e15

/** Compiles what a request costs: the largest of what its settings find. */
export function compileCost({
  fixed = 1,
  items,
  pageSize,
  unpaged = 1,
}: CostSettings): RequestCost {
  const steps = items?.split('/').slice(1).map(unescapePointer)
  return (request) => {
    let cost = fixed
    if (steps !== undefined) cost = Math.max(cost, itemCount(request, steps))
    if (pageSize !== undefined) {
      const size = pageSizeOf(request.target)
      cost = Math.max(cost, size === undefined ? unpaged : Math.ceil(size / pageSize))
    }
    return Math.min(cost, largestCost)
  }
}

/**
 * Elements of an array in the body, or in all calls of a bulk, each of which is at least one; 0 where there is
 * none, which the policies after this refuse.
 */
function itemCount({ body, target }: RequestContext, steps: readonly string[]): number {
  if (body.length === 0) return 0
  try {
    const value: unknown = JSON.parse(withPlainNames(body.toString()) ?? '')
    // Where jobs are carried out by Magento, an array is a bulk on any route.
    const isBulk = Array.isArray(value) || apiRoute(target?.segments ?? []).execution === 'bulk'
    if (!isBulk || !/\D/.test(steps[0] ?? '')) return countAt(value, steps, 0)
    const counts = Object.values(value as object).map((each) => countAt(each, steps, 0))
    return counts.reduce((sum, count) => sum + Math.max(1, count), 0)
  } catch {
    return 0
  }
}

/** Of several names that are one to Magento the one that leads to most. */
function countAt(value: unknown, steps: readonly string[], at: number): number {
  if (typeof value !== 'object' || value === null) return 0
  const step = steps[at]
  if (step === undefined) {
    // PHP writes an array with gaps as an object, and Magento reads it as what it was.
    return Array.isArray(value) ? value.length : Object.keys(value).length
  }
  const folded = foldName(step)
  let most = 0
  for (const [name, member] of Object.entries(value)) {
    if (foldName(name) === folded) most = Math.max(most, countAt(member, steps, at + 1))
  }
  return most
}

/**
 * The largest page size that a query asks for, in any spelling that Magento takes; undefined where it
 * asks for all, as 0 and what is no number does. Of criteria under several names Magento reads one only.
 */
function pageSizeOf(target: RequestTarget | undefined): number | undefined {
  const sizes = new Map<string, number>()
  for (const { path, value } of queryOf(target) ?? []) {
    const [criteria = '', name = ''] = path
    if (!criteriaNames.has(foldName(criteria))) continue
    // A text as a whole takes the place of the members before it.
    const known = path.length === 1 ? 0 : (sizes.get(criteria) ?? 0)
    const isSize = path.length === 2 && foldName(name) === 'pagesize'
    sizes.set(criteria, isSize ? Math.max(known, numberOf(value)) : known)
  }
  return sizes.size > 0 && [...sizes.values()].every((size) => size > 0)
    ? Math.max(...sizes.values())
    : undefined
}

/** Of a text that PHP takes for a number, an exponent included, what it makes of it; 0 of any other. */
function numberOf(text: string): number {
  const number = Math.trunc(Number(text))
  return Number.isNaN(number) ? 0 : number
}
