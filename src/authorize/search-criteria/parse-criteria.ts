import { foldName } from '../../contract/folded-names.ts'
import type { QueryParameter } from '../query-parameters.ts'

/** One condition of a search; parts that were not given are absent. */
export interface SearchFilter {
  readonly field?: string
  readonly value?: string
  readonly conditiontype?: string
}

/** What a query asks a search for. */
export interface SearchCriteria {
  /** The name of the parameter that holds the criteria, as the caller spelled it. */
  readonly name: string
  readonly pageSize: string | undefined
  readonly currentPage: string | undefined
  readonly filters: readonly SearchFilter[]
  readonly sortOrders: readonly { readonly field?: string; readonly direction?: string }[]
  /** What was expected instead of members that are unknown or given twice; repeats no value of the caller. */
  readonly faults: readonly string[]
}

/**
 * The names of the parameter that holds the criteria. Unlike the names of members, Magento takes them in no other
 * spelling: a service whose criteria are optional returns everything then (Magento:
 * Framework/Webapi/ServiceInputProcessor.php, process).
 */
export const criteriaNames = new Set(['searchCriteria', 'search_criteria', 'criteria'])
const foldedNames = new Set([...criteriaNames].map(foldName))
const single = new Set(['pagesize', 'currentpage', 'requestname'])
const ofFilter = new Set(['field', 'value', 'conditiontype'])
const ofSortOrder = new Set(['field', 'direction'])

/**
 * Reads the search criteria of a query as Magento does: a member may have any spelling that folds to its name.
 * @returns undefined if the query has no search criteria
 */
export function parseCriteria(query: readonly QueryParameter[]): SearchCriteria | undefined {
  const own = query.filter(({ path }) => foldedNames.has(foldName(path[0] ?? '')))
  const [name] = own[0]?.path ?? []
  if (name === undefined) return undefined
  const singles = new Map<string, string>()
  const filters = new Map<string, Record<string, string>>()
  const sortOrders = new Map<string, Record<string, string>>()
  const faults: string[] = []
  if (!criteriaNames.has(name))
    faults.push(`criteria under the name ${[...criteriaNames].join(' or ')}`)

  const put = (target: Record<string, string>, name: string, value: string) => {
    // Which of the two counts, two readers may see differently.
    if (Object.hasOwn(target, name)) faults.push(`${name} of a filter or sort order once`)
    target[name] = value
  }
  const memberOf = (map: Map<string, Record<string, string>>, key: string) => {
    const known = map.get(key)
    if (known !== undefined) return known
    const made: Record<string, string> = {}
    map.set(key, made)
    return made
  }

  for (const [index, { path, value }] of own.entries()) {
    const [given, ...steps] = path
    // If there are several, Magento reads only one (Magento: Framework/Webapi/ServiceInputProcessor.php, process).
    if (given !== name) faults.push('one name for all of the criteria')
    const folded = steps.map(foldName)
    const [member = '', first = '', second = '', third = '', fourth = ''] = folded
    switch (kindOf(folded)) {
      case 'whole':
        // In PHP a text replaces all members that were given before it.
        if (index > 0) faults.push('no value of the criteria as a whole behind their members')
        break
      case 'single':
        if (singles.has(member)) faults.push(`${member} once`)
        singles.set(member, value)
        break
      case 'filter':
        put(memberOf(filters, `${first}/${third}`), fourth, value)
        break
      case 'sortOrder':
        put(memberOf(sortOrders, first), second, value)
        break
      default:
        faults.push(knownMembers)
    }
  }
  return {
    name,
    pageSize: singles.get('pagesize'),
    currentPage: singles.get('currentpage'),
    filters: [...filters.values()],
    sortOrders: [...sortOrders.values()],
    faults,
  }
}

const knownMembers =
  'pageSize, currentPage, filterGroups[0][filters][0][field, value, conditionType] or sortOrders[0][field, direction]'

/** What a parameter gives, by its folded steps below the name of the criteria; undefined if it is not known. */
function kindOf(steps: readonly string[]): 'whole' | 'single' | 'filter' | 'sortOrder' | undefined {
  const [member = '', first = '', second = '', third = '', fourth = ''] = steps
  if (steps.length === 0) return 'whole'
  if (steps.length === 1) return single.has(member) ? 'single' : undefined
  if (!isIndex(first)) return undefined
  if (steps.length === 3) {
    return member === 'sortorders' && ofSortOrder.has(second) ? 'sortOrder' : undefined
  }
  const isFilter =
    steps.length === 5 && member === 'filtergroups' && second === 'filters' && isIndex(third)
  return isFilter && ofFilter.has(fourth) ? 'filter' : undefined
}

function isIndex(step: string): boolean {
  return /^\d+$/.test(step)
}
