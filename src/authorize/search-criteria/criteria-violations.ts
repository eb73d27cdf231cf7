import type { Static } from 'typebox'
import { type CriteriaBounds, conditionTypes, fieldForm } from './criteria-settings.ts'
import type { OtherPaging } from './other-paging.ts'
import type { SearchCriteria } from './parse-criteria.ts'

/** The bounds unless the configuration says otherwise. */
export const standardBounds = { maxPageSize: 300, maxFilters: 20, leadingWildcard: false } as const

/** Lists where a search is out of bounds. The texts say what was expected and repeat nothing that the caller sent. */
export function criteriaViolations(
  criteria: SearchCriteria,
  bounds: Static<typeof CriteriaBounds>,
): string[] {
  const {
    maxFilters = standardBounds.maxFilters,
    leadingWildcard = standardBounds.leadingWildcard,
    conditions = conditionTypes,
    filterableFields,
  } = bounds
  const { pageSize, currentPage, filters, sortOrders } = criteria
  const expected = [...criteria.faults, ...pageSizeViolations('a pageSize', pageSize, bounds)]
  if (currentPage !== undefined && !isWholeNumber(currentPage)) {
    expected.push('a currentPage that is a whole number from 1')
  }
  if (filters.length > maxFilters) expected.push(`at most ${maxFilters} filters`)
  const allowed: readonly string[] = conditions
  for (const { field, value, conditiontype: condition = 'eq' } of filters) {
    if (!isField(field, filterableFields)) expected.push(fieldText(filterableFields))
    if (!allowed.includes(condition)) expected.push(`a conditionType of ${allowed.join(', ')}`)
    const isLike = condition === 'like' || condition === 'nlike'
    if (isLike && !leadingWildcard && /^[%_]/.test(value ?? '')) {
      expected.push('a like that does not begin with a wildcard')
    }
  }
  for (const { field, direction = 'ASC' } of sortOrders) {
    if (!isField(field, filterableFields)) expected.push(fieldText(filterableFields))
    if (!/^(?:asc|desc)$/i.test(direction)) expected.push('a direction of ASC or DESC')
  }
  return [...new Set(expected)]
}

/** As {@link criteriaViolations}, for a read that is paged by a parameter of its own. */
export function pagingViolations(
  { parameter, pageSizes, isAmbiguous }: OtherPaging,
  bounds: PageBounds,
): string[] {
  if (isAmbiguous) return [`${parameter} once, by one name`]
  return pageSizeViolations(parameter, pageSizes[0], bounds)
}

type PageBounds = Pick<Static<typeof CriteriaBounds>, 'maxPageSize' | 'defaultPageSize'>

/** @param what the name of the page size in what is said of it */
function pageSizeViolations(
  what: string,
  pageSize: string | undefined,
  { maxPageSize = standardBounds.maxPageSize, defaultPageSize }: PageBounds,
): string[] {
  if (pageSize === undefined) {
    return defaultPageSize === undefined ? [`${what}, at most ${maxPageSize}`] : []
  }
  const isWithin = isWholeNumber(pageSize) && Number(pageSize) <= maxPageSize
  return isWithin ? [] : [`${what} from 1 to ${maxPageSize}`]
}

function isWholeNumber(text: string): boolean {
  return /^[1-9]\d{0,8}$/.test(text)
}

function isField(field: string | undefined, known: readonly string[] | undefined): boolean {
  if (field === undefined) return false
  return known === undefined ? fieldForm.test(field) : known.includes(field)
}

function fieldText(known: readonly string[] | undefined): string {
  return known === undefined
    ? 'a field in every filter and sort order'
    : `a field of ${known.join(', ')}`
}
