import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { queryOf } from './query-parameters.ts'
import { CriteriaSettings } from './search-criteria/criteria-settings.ts'
import { criteriaViolations, pagingViolations } from './search-criteria/criteria-violations.ts'
import { otherPaging } from './search-criteria/other-paging.ts'
import { parseCriteria } from './search-criteria/parse-criteria.ts'

/** Keeps searches within bounds, so that no caller fetches or scans a whole table by one request. */
export const searchCriteria = definePolicy({
  name: 'search-criteria',
  stage: 'authorize',
  isReportable: true,
  section: 'policies',
  key: 'searchCriteria',
  settings: CriteriaSettings,
  absent: {},
  prepare: ({ routes = {}, ...general }, services) => {
    return function checkSearchCriteria(request) {
      const { method, target } = request
      if (method !== 'GET' || target === undefined) return allow
      const bounds = { ...general, ...routes[request.route ?? ''] }
      const { mode = 'enforce', fieldsRequired, defaultPageSize } = bounds
      if (mode === 'off' || (target.query === undefined && !fieldsRequired)) return allow
      const query = queryOf(target)
      if (query === undefined) return reject('query-not-allowed', 'PHP reads a name in another way')
      const criteria = parseCriteria(query)
      const paging = otherPaging(target, query)
      const expected = criteria === undefined ? [] : criteriaViolations(criteria, bounds)
      if (paging !== undefined) expected.push(...pagingViolations(paging, bounds))
      if (
        fieldsRequired &&
        !query.some(({ path, value }) => path.length === 1 && path[0] === 'fields' && value !== '')
      ) {
        expected.push('the parameter fields, with what is wanted of each entry')
      }
      if (expected.length > 0) {
        const violations = expected.map((each) => ({ pointer: '', expected: each }))
        if (mode === 'reportOnly') services.reportViolations(request, violations)
        else {
          const detail = 'The search is not within its bounds.'
          return reject('query-not-allowed', 'search out of bounds', { detail, violations })
        }
      }
      if (defaultPageSize === undefined) return allow
      if (criteria !== undefined && criteria.pageSize === undefined) {
        addPageSize(request, `${criteria.name}[pageSize]`, defaultPageSize)
      }
      if (paging?.pageSizes.length === 0) addPageSize(request, paging.parameter, defaultPageSize)
      return allow
    }
  },
})

/** What is added is signed, sent and recorded like what the caller has sent. */
function addPageSize(request: RequestContext, parameter: string, pageSize: number): void {
  if (request.target === undefined) return
  const query = `${request.target.query}&${encodeURIComponent(parameter)}=${pageSize}`
  request.target = { ...request.target, query }
}
