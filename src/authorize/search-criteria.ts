import { allow, definePolicy, type Verdict } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext, RequestTarget } from '../request-context.ts'
import { type QueryParameter, queryOf } from './query-parameters.ts'
import { CriteriaSettings } from './search-criteria/criteria-settings.ts'
import { criteriaViolations, pagingViolations } from './search-criteria/criteria-violations.ts'
import { otherPaging } from './search-criteria/other-paging.ts'
import { parseCriteria } from './search-criteria/parse-criteria.ts'

/** Keeps searches within bounds, so that no single request fetches or scans a whole table. */
export const searchCriteria = definePolicy({
  name: 'search-criteria',
  stage: 'authorize',
  isReportable: true,
  section: 'policies',
  key: 'searchCriteria',
  settings: CriteriaSettings,
  absent: {},
  prepare: ({ routes = {}, ...general }, services) => {
    const boundsOf = new Map(
      Object.entries(routes).map(([route, own]) => [route, { ...general, ...own }]),
    )
    return function checkSearchCriteria(request) {
      const { method, target, ownRoute, route = '' } = request
      if (method !== 'GET' || ownRoute !== undefined) return allow
      const bounds = boundsOf.get(route) ?? general
      const { mode = 'enforce', fieldsRequired, defaultPageSize } = bounds
      if (mode === 'off' || (target.query === undefined && !fieldsRequired)) return allow
      const query = queryOf(target)
      if (query === undefined) {
        const detail = 'PHP would read the query differently from how it is written.'
        return reject(
          'query-not-allowed',
          'PHP reads the query differently from how it is written',
          { detail },
        )
      }
      const criteria = parseCriteria(query)
      const paging = otherPaging(target, query)
      const expected = criteria === undefined ? [] : criteriaViolations(criteria, bounds)
      if (paging !== undefined) expected.push(...pagingViolations(paging, bounds))
      const isSearch = criteria !== undefined || paging !== undefined
      if (fieldsRequired && !query.some((each) => namesFields(each, isSearch))) {
        expected.push('the parameter fields, with what is wanted of each entry')
      }
      if (expected.length > 0) {
        const violations = expected.map((each) => ({ pointer: '', expected: each }))
        const detail = 'The search is not within its bounds.'
        const rejection = reject('query-not-allowed', 'search out of bounds', {
          detail,
          violations,
        })
        if (mode !== 'reportOnly') return rejection
        services.reportViolations(request, 'search-criteria', rejection)
      }
      if (defaultPageSize === undefined) return allow
      if (criteria !== undefined && criteria.pageSize === undefined) {
        return addPageSize(request, target, `${criteria.name}[pageSize]`, defaultPageSize)
      }
      if (paging?.pageSizes.length !== 0) return allow
      return addPageSize(request, target, paging.parameter, defaultPageSize)
    }
  },
})

/** Whether a parameter says what is wanted of each entry; of the entries of a search, not simply all. */
function namesFields({ path, value }: QueryParameter, isSearch: boolean): boolean {
  if (path.length !== 1 || path[0] !== 'fields' || value === '') return false
  return !isSearch || !outerNames(value).includes('items')
}

/**
 * The names that stand outside of brackets and have none behind them: of `a,b[c]` that is `a`. As in Magento, a name
 * needs no comma before it, and a bracket that closes nothing counts for nothing (Magento:
 * Framework/Webapi/Rest/Response/FieldsFilter.php, parse).
 */
function outerNames(fields: string): readonly string[] {
  let depth = 0
  const names: string[] = []
  for (const { 0: token, index } of fields.matchAll(/[[\]]|[^[\],]+/g)) {
    if (token === '[') depth += 1
    else if (token === ']') depth = Math.max(0, depth - 1)
    else if (depth === 0 && fields[index + token.length] !== '[') names.push(token)
  }
  return names
}

/** Adds a page size to the request's own query, so that it is signed, sent and recorded like the caller's parameters. */
function addPageSize(
  request: RequestContext,
  target: RequestTarget,
  parameter: string,
  pageSize: number,
): Verdict {
  const before = target.query ? `${target.query}&` : ''
  const filled = { ...target, query: `${before}${encodeURIComponent(parameter)}=${pageSize}` }
  // After as many parameters as PHP takes, it would drop the added one.
  if (queryOf(filled) === undefined) {
    const detail = 'The query has too many parameters for a page size beside them.'
    return reject('query-not-allowed', 'no room for a page size', { detail })
  }
  request.parsedTarget = filled
  return allow
}
