import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { queryOf } from './query-parameters.ts'
import { CriteriaSettings } from './search-criteria/criteria-settings.ts'
import { criteriaViolations } from './search-criteria/criteria-violations.ts'
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
      const expected = criteria === undefined ? [] : criteriaViolations(criteria, bounds)
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
      if (criteria !== undefined && criteria.pageSize === undefined && defaultPageSize) {
        addPageSize(request, criteria.name, defaultPageSize)
      }
      return allow
    }
  },
})

/** What is added is signed, sent and recorded like what the caller has sent. */
function addPageSize(request: RequestContext, name: string, pageSize: number): void {
  if (request.target === undefined) return
  const query = `${request.target.query}&${name}%5BpageSize%5D=${pageSize}`
  request.target = { ...request.target, query }
}
