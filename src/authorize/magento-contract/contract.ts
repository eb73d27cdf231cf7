import { type ApiRoute, bulkPath } from '../../contract/api-route.ts'
import { compileRoutes, parseRoutePattern } from '../../contract/route-pattern.ts'
import type { Violation } from '../../problem.ts'
import { descend, findViolations, note, type ValueCheck } from './findings.ts'
import { compilePath, type PathCheck } from './path-check.ts'
import { compileQuery, type QueryCheck } from './query-check.ts'
import { type SchemaCompiler, schemaCompiler, type ValueBounds } from './schema-compiler.ts'
import { spellingsOf } from './spelling.ts'
import {
  operationsOf,
  type SwaggerDocument,
  type SwaggerOperation,
  type SwaggerSchema,
} from './swagger.ts'

/** What Magento accepts and answers for one method and path. */
export interface Operation {
  /** `GET /V1/products/:sku` */
  readonly route: string
  readonly checkPath: PathCheck
  readonly checkQuery: QueryCheck
  /** Checks the body of a call; in a bulk request, each of its elements. */
  readonly checkBody: (body: unknown, execution: ApiRoute['execution']) => readonly Violation[]
  /** Checks the answer to a successful call. A missing member is no violation: Magento may leave members out. */
  readonly checkAnswer: (body: unknown) => readonly Violation[]
}

/** The API of a shop, according to the shop's own document. */
export interface MagentoContract {
  readonly operations: readonly Operation[]
  /** The operation that Magento would carry out for raw segments starting with `V1`; literals win over variables. */
  readonly find: (method: string, route: ApiRoute) => Operation | undefined
}

/** Compiles the document of a shop. The checks of an operation are compiled when they are first used. */
export function compileContract(document: SwaggerDocument, bounds: ValueBounds): MagentoContract {
  const compiler = schemaCompiler(document.definitions ?? {}, bounds)
  const operations = operationsOf(document).map(([route, operation]) =>
    prepareOperation(route, operation, compiler, bounds),
  )
  const byRoute = new Map(operations.map((operation) => [operation.route, operation]))
  const matchSync = compileRoutes(operations.flatMap(({ route }) => parseRoutePattern(route) ?? []))
  const byBulkPath = new Map(operations.map((each) => [bulkPath(each.route), each]))
  return {
    operations,
    find: (method, { execution, segments }) => {
      // Magento: WebapiAsync/Controller/Rest/AsynchronousRequestProcessor.php, canProcess.
      if (method === 'GET' && execution !== 'sync') return undefined
      if (execution === 'bulk') return byBulkPath.get(`${method} /${segments.join('/')}`)
      return byRoute.get(matchSync(method, segments)?.pattern.text ?? '')
    },
  }
}

function prepareOperation(
  route: string,
  { parameters = [], responses }: SwaggerOperation,
  compiler: SchemaCompiler,
  { maxItems }: ValueBounds,
): Operation {
  let checkPath: PathCheck | undefined
  let checkQuery: QueryCheck | undefined
  let checkCall: ValueCheck | undefined
  let checkItem: ValueCheck | undefined
  let checkResult: ValueCheck | undefined
  const variables = Object.fromEntries(
    parameters.flatMap(({ in: place, name, type = 'string' }) =>
      place === 'path' ? [[name, { type }]] : [],
    ),
  )
  // With any other member beside it, a PUT leaves an object's id as it is, rather than to put that of the path there
  // (Magento: Webapi/Controller/Rest/ParamsOverrider.php, overrideRequestBodyIdWithPathParam).
  const replaced = route.startsWith('POST ')
    ? [...Object.keys(variables), ...(ownCartRoute.test(route) ? ['cartId'] : [])]
    : []
  const checkElements: ValueCheck = (body, findings) => {
    if (!Array.isArray(body)) return note(findings, 'an array, one element for each call')
    if (body.length > maxItems) return note(findings, `at most ${maxItems} elements`)
    checkItem ??= compileBody(parameters, compiler, { further: variables })
    for (const [index, item] of body.entries()) descend(index, item, checkItem, findings)
  }
  const checkOne: ValueCheck = (body, findings) => {
    checkCall ??= compileBody(parameters, compiler, { replaced })
    checkCall(body, findings)
  }
  return {
    route,
    checkPath: (segments) => {
      checkPath ??= compilePath(route, parameters, compiler)
      return checkPath(segments)
    },
    checkQuery: (query) => {
      checkQuery ??= compileQuery(
        parameters.filter((each) => each.in === 'query'),
        compiler,
      )
      return checkQuery(query)
    },
    checkBody: (body, execution) =>
      findViolations(body, execution === 'bulk' ? checkElements : checkOne),
    checkAnswer: (body) => {
      checkResult ??= compiler.compile(responses?.['200']?.schema ?? {})
      return findViolations(body, checkResult)
    },
  }
}

/** Routes on which Magento replaces `cartId` by the caller's own cart (Magento: Quote/etc/webapi.xml and others). */
const ownCartRoute = /^POST \/V1\/carts\/mine\//

/** Members that a body may have besides those of the schema. */
interface OtherMembers {
  readonly further?: Readonly<Record<string, SwaggerSchema>>
  /**
   * Whose values Magento replaces, in this spelling. Its own checkout repeats the cart in the body (Magento:
   * Checkout/view/frontend/web/js/action/place-order.js).
   */
  readonly replaced?: readonly string[]
}

/**
 * Compiles the check of the body of one call. Only required members at the top level are asked for, as Magento does:
 * what it needs further down depends on the entity and on whether it is new.
 */
function compileBody(
  parameters: SwaggerOperation['parameters'] & object,
  { compileMembers }: SchemaCompiler,
  { further, replaced }: OtherMembers,
): ValueCheck {
  const schema = parameters.find((each) => each.in === 'body')?.schema
  const inPath = new Set(parameters.filter((each) => each.in === 'path').map(({ name }) => name))
  const required = (schema?.required ?? []).filter((name) => !inPath.has(name))
  const checkMembers = compileMembers({ ...schema?.properties, ...further }, replaced)
  return (body, findings) => {
    if (typeof body !== 'object' || body === null || (Array.isArray(body) && body.length > 0)) {
      return note(findings, 'an object')
    }
    checkMembers(body, findings)
    for (const name of required) {
      // A null counts as missing (Magento: Framework/Webapi/ServiceInputProcessor.php, process).
      const isThere = spellingsOf(name).some(
        (each) => (body as Record<string, unknown>)[each] != null,
      )
      if (!isThere)
        descend(name, undefined, (_, at) => note(at, 'a value, it is missing'), findings)
    }
  }
}
