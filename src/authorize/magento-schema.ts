import { Type } from 'typebox'
import { apiRoute } from '../contract/api-route.ts'
import { parseRoutePattern, RoutePatternSetting } from '../contract/route-pattern.ts'
import { closed } from '../contract/setting-forms.ts'
import { allow, definePolicy } from '../policy.ts'
import { type Rejection, reject, type Violation } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { parseJson } from '../syntax/parse-json.ts'
import type { MagentoContract, Operation } from './magento-contract/contract.ts'
import { queryOf } from './query-parameters.ts'

/** Longer answers, which are at hand where they are kept, would hold everything else up. Bytes. */
const longestChecked = 65_536

const modes = ['enforce', 'reportOnly', 'off'] as const

/**
 * Lets only requests through that fit the shop's own schema: known routes, query parameters and members of bodies,
 * with the right types. Without such a schema the policy does nothing.
 */
export const magentoSchema = definePolicy({
  name: 'magento-schema',
  stage: 'authorize',
  isReportable: true,
  section: 'policies',
  key: 'magentoSchema',
  settings: Type.Object(
    {
      mode: Type.Enum([...modes], {
        default: 'enforce',
        description: 'Refuse what the schema does not allow, only report it, or do neither.',
      }),
      routes: Type.Record(RoutePatternSetting(), Type.Enum([...modes]), {
        ...closed,
        default: {},
        description: 'Another mode, by granted route.',
      }),
      answers: Type.Array(RoutePatternSetting(), {
        default: [],
        uniqueItems: true,
        description:
          'Granted routes whose answers are checked as well; differences are counted, and nothing is refused.',
      }),
    },
    { ...closed, description: "Check of requests against Magento's own schema." },
  ),
  absent: {},
  prepare: ({ mode, routes, answers }, { contract, reportViolations, reportDrift }) => {
    if (contract === undefined) return () => allow
    const meant = meantOperations(contract)
    const inspected = new Set(answers)
    return function checkMagentoSchema(request) {
      const { route = '' } = request
      if (isAnsweredHere(request)) return allow
      if (inspected.has(route)) {
        const operation = meant(route)
        request.inspectAnswer = (status, body) => {
          const isChecked = status === 200 && body.length <= longestChecked
          const drift = isChecked ? answerDrift(operation, body) : []
          if (drift.length > 0) reportDrift(request, drift)
        }
      }
      const effective = routes[route] ?? mode
      if (effective === 'off') return allow
      const rejection = findRejection(contract, meant, request)
      if (rejection === undefined) return allow
      if (effective === 'enforce') return rejection
      reportViolations(request, 'magento-schema', rejection)
      return allow
    }
  },
})

/** Whether the gateway answers the request itself. Its own endpoints have schemas of their own. */
function isAnsweredHere({ endpoint, ownRoute }: RequestContext): boolean {
  return endpoint !== undefined || ownRoute !== undefined
}

/** Finds the operation that a granted route stands for. */
type MeantOperations = (route: string) => Operation | undefined

/** Remembers the operation of each granted route; the number of grants bounds how many it keeps. */
function meantOperations(contract: MagentoContract): MeantOperations {
  const known = new Map<string, Operation | undefined>()
  return (route) => {
    if (!known.has(route)) {
      const granted = parseRoutePattern(route)
      known.set(route, granted && contract.find(granted.method, apiRoute(granted.segments)))
    }
    return known.get(route)
  }
}

/** Where an answer differs from the schema. */
function answerDrift(operation: Operation | undefined, body: Buffer): readonly Violation[] {
  const value = parseJson(body.toString())
  if (value === undefined) return [{ pointer: '', expected: 'JSON' }]
  return operation?.checkAnswer(value) ?? []
}

function findRejection(
  contract: MagentoContract,
  meant: MeantOperations,
  request: RequestContext,
): Rejection | undefined {
  const { method, target, json } = request
  const route = apiRoute(target.segments)
  const operation = contract.find(method, route)
  if (operation === undefined) {
    return reject('route-not-granted', 'the schema of Magento does not have this route')
  }
  // A granted `/V1/products/:sku` also matches `/V1/products/types`, which is another route of Magento.
  const granted = meant(request.route ?? '')
  if (granted !== undefined && granted !== operation) {
    return reject('route-not-granted', 'Magento has another route for this path than was granted')
  }
  const inPath = route.execution === 'bulk' ? [] : operation.checkPath(route.segments)
  if (inPath.length > 0) {
    return reject(
      'bad-request-target',
      'a path variable has another type in the schema of Magento',
      {
        detail: `The path must have ${listOf(inPath)}.`,
        violations: inPath,
      },
    )
  }
  const query = queryOf(target)
  const inQuery = query === undefined ? [] : operation.checkQuery(query)
  if (inQuery.length > 0) {
    return reject('query-not-allowed', 'the schema of Magento does not have such a query', {
      detail: `The query must have ${listOf(inQuery)}.`,
      violations: inQuery,
    })
  }
  const body = json?.value
  // A body of another media type, which the configuration lets pass unread.
  if (body === undefined && request.body.length > 0) return undefined
  if (body === undefined && (method === 'GET' || method === 'DELETE')) return undefined
  const isBulk = route.execution === 'sync' && isBulkOfJob(request)
  const violations = operation.checkBody(body ?? {}, isBulk ? 'bulk' : route.execution)
  if (violations.length === 0) return undefined
  return reject('invalid-body', `body violates Magento's schema in ${violations.length} place(s)`, {
    violations,
  })
}

/**
 * Whether a job will send the request as Magento's bulk, which needs a route without variables. Other policies only ask
 * whether this may be so; here the answer decides on the schema of the body.
 */
function isBulkOfJob({ deferral, json, routeVariables }: RequestContext): boolean {
  const isArray = Array.isArray(json?.value)
  return deferral?.engine === 'magento' && isArray && routeVariables?.size === 0
}

function listOf(violations: readonly Violation[]): string {
  return [...new Set(violations.map(({ expected }) => expected))].join(', ')
}
