import { type Static, Type } from 'typebox'
import { apiRoute, variableOfBulkPath } from '../contract/api-route.ts'
import type { AuditDetails, SubjectField, SubjectPlaces } from '../contract/audit-details.ts'
import {
  PlaceSetting,
  parseRoutePattern,
  RoutePatternSetting,
  unnamedRoute,
  variableOf,
  variablesOf,
} from '../contract/route-pattern.ts'
import { closed } from '../contract/setting-forms.ts'
import { allow, definePolicy } from '../policy.ts'
import { pointerSteps } from '../syntax/json-pointer.ts'
import { standardPointers, subjectOfVariable } from './standard-subjects.ts'

function PlacesSetting(what: string) {
  return Type.Optional(
    Type.Array(PlaceSetting('/items/*/sku'), {
      description: `Where a request names ${what}: variables of the route, such as :sku, and JSON Pointers into the body, in which * stands for every element. Replaces what is known about Magento's own routes.`,
    }),
  )
}

function BodySetting(what: string) {
  return Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_048_576,
      description: `Show the body of the ${what}, redacted and cut to this many characters.`,
    }),
  )
}

const settings = Type.Record(
  RoutePatternSetting(),
  Type.Object(
    {
      skus: PlacesSetting('products'),
      productIds: PlacesSetting('products by their ids'),
      orderIds: PlacesSetting('orders'),
      jobIds: PlacesSetting('jobs'),
      requestBody: BodySetting('request'),
      answerBody: BodySetting('answer'),
    },
    closed,
  ),
  {
    ...closed,
    description:
      'What the audit shows about requests to granted routes, in addition to what it shows about all.',
  },
)

/** Tells the audit what a request is about and, if configured, to keep its bodies. It refuses nothing. */
export const auditDetails = definePolicy({
  name: 'audit-details',
  stage: 'authorize',
  section: 'policies',
  key: 'auditDetails',
  settings,
  absent: {},
  prepare: (routes) => {
    const compiled = new Map<string, AuditDetails>()
    return function noteAuditDetails(request) {
      const { route } = request
      if (route === undefined) return allow
      let details = compiled.get(route)
      if (details === undefined) {
        details = compileDetails(route, routes[route])
        compiled.set(route, details)
      }
      request.auditDetails = details
      return allow
    }
  },
})

/** @param route the granted route, `METHOD /V1/path/:variable` */
function compileDetails(route: string, own: Static<typeof settings>[string] = {}): AuditDetails {
  const { requestBody, answerBody } = own
  const places = (field: SubjectField) =>
    own[field] === undefined ? standardPlaces(route, field) : readPlaces(own[field])
  const subjects = {
    skus: places('skus'),
    productIds: places('productIds'),
    orderIds: places('orderIds'),
    jobIds: places('jobIds'),
  }
  return { subjects, requestBody, answerBody }
}

function readPlaces(places: readonly string[]): SubjectPlaces {
  return {
    variables: variablesOf(places),
    pointers: places.filter((each) => each.startsWith('/')).map(pointerSteps),
  }
}

/** Shared, as each granted route of each integration has it for most fields. */
const nowhere: SubjectPlaces = { variables: [], pointers: [] }

function standardPlaces(route: string, field: SubjectField): SubjectPlaces {
  const pattern = parseRoutePattern(route)
  if (pattern === undefined) return nowhere
  const { execution, segments: given } = apiRoute(pattern.segments)
  const isBulk = execution === 'bulk'
  const segments = isBulk ? given.map(variableOfBulkPath) : given
  const variables = segments.flatMap((segment, index) => {
    const variable = variableOf(segment)
    if (variable === undefined) return []
    return subjectOfVariable(variable, segments.slice(0, index)) === field ? [variable] : []
  })
  const unnamed = unnamedRoute(`${pattern.method} /${segments.join('/')}`)
  const pointers = (standardPointers.get(unnamed)?.[field] ?? []).map(pointerSteps)
  if (variables.length + pointers.length === 0) return nowhere
  if (!isBulk) return { variables, pointers }
  return { variables: [], pointers: [...variables.map((variable) => [variable]), ...pointers] }
}
