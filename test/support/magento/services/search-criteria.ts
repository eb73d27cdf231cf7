import { type Input, parameter } from '../input.ts'

type Fields = Readonly<Record<string, unknown>>

function list(value: unknown): Fields[] {
  return typeof value === 'object' && value !== null ? (Object.values(value) as Fields[]) : []
}

/**
 * Applies a caller's search criteria: AND between filter groups, OR within one, then a page; beyond
 * the last page comes the last one again, as Magento has it. Without a page size all are given.
 */
export function searchResult(entities: readonly Fields[], input: Input) {
  const criteria = (parameter(input, 'searchCriteria') ?? {}) as Fields
  const groups = list(parameter(criteria, 'filterGroups')).map((group) => list(group.filters))
  const found = entities.filter((entity) =>
    groups.every((filters) => filters.some((filter) => isMet(filter, entity))),
  )
  const pageSize = Number(parameter(criteria, 'pageSize') ?? 0) || found.length || 1
  const lastPage = Math.max(1, Math.ceil(found.length / pageSize))
  const wanted = Number(parameter(criteria, 'currentPage') ?? 1) || 1
  const page = Math.min(Math.max(wanted, 1), lastPage)
  return {
    items: found.slice((page - 1) * pageSize, page * pageSize),
    search_criteria: criteria,
    total_count: found.length,
  }
}

// Split once for all entities, of which there may be many.
const lists = new WeakMap<Fields, ReadonlySet<string>>()
function listOf(filter: Fields, wanted: string): ReadonlySet<string> {
  const known = lists.get(filter) ?? new Set(wanted.split(','))
  lists.set(filter, known)
  return known
}

function isMet(filter: Fields, entity: Fields): boolean {
  const actual = String(entity[String(filter.field)] ?? '')
  const wanted = String(filter.value ?? '')
  switch (parameter(filter, 'conditionType') ?? 'eq') {
    case 'eq':
      return actual === wanted
    case 'neq':
      return actual !== wanted
    case 'in':
      return listOf(filter, wanted).has(actual)
    case 'like': {
      const pattern = wanted.split('%').map(RegExp.escape).join('.*')
      return new RegExp(`^${pattern}$`, 'i').test(actual)
    }
    default:
      return true
  }
}
