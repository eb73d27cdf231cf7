import { routesOf } from '../authorize/granted-route.ts'
import { takesSecrets } from '../authorize/guessed-routes.ts'
import type { IntegrationSettings } from '../config/integration-settings.ts'
import { apiRoute } from '../contract/api-route.ts'
import type { Endpoint, JsonSchema } from '../contract/endpoint.ts'
import { urlOf } from '../contract/public-origin.ts'
import { variableOf, variablesOf } from '../contract/route-pattern.ts'
import type { Services } from '../policy.ts'
import { statusOfDone } from './defined-endpoint.ts'
import { type DescribedRoute, describedRoutes } from './described-routes.ts'
import { acceptedResponse, jobOperations } from './job-operations.ts'

/** What the document says about the gateway. */
type DescribedGateway = Pick<
  Services,
  'endpoints' | 'publicOrigin' | 'isPublicOriginKnown' | 'keepsJobs'
>

/**
 * Describes in OpenAPI 3.1 what an integration may call: the endpoints of the gateway with their schemas, and the
 * granted routes of Magento by path and method.
 */
export function openApiDocument(
  { name, policies, credentials, upstream }: IntegrationSettings,
  { endpoints, publicOrigin, isPublicOriginKnown, keepsJobs }: DescribedGateway,
): JsonSchema {
  const isComposed = policies.endpoints !== 'forward'
  const mayDefer = keepsJobs && upstream.passthrough !== true
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of describedRoutes(routesOf(policies.routes), isComposed ? endpoints : [])) {
    const path = `/rest/${route.segments.map(templateOf).join('/')}`
    const rule = policies.jobs?.[route.grant]
    const isAsked = rule ? rule.mode !== 'never' : !asksForSecrets(route)
    const deferral = mayDefer ? (isAsked ? 'asked' : 'long') : 'none'
    const isCached = policies.cache?.[route.grant] !== undefined
    const described = operation(route, deferral, isCached)
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: described }
  }
  if (mayDefer) paths['/rest/V1/jobs/{id}'] = jobOperations
  return {
    openapi: '3.1.0',
    info: {
      title: `Magento REST API for ${name}`,
      version: '1',
      description: 'What this integration is granted. All other routes are refused.',
    },
    // Without it, the server is the one that the document came from (OpenAPI 3.1, section 4.8.1).
    ...(isPublicOriginKnown && { servers: [{ url: urlOf(publicOrigin) }] }),
    security: [credentials.token === undefined ? {} : { bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: problemSchema, MagentoError: magentoErrorSchema },
      responses: {
        InvalidRequest: invalidRequest,
        Problem: {
          description:
            'A refusal, or a failure on the way to Magento (RFC 9457), or the error that Magento answered with.',
          content: errorContent({ $ref: '#/components/schemas/Problem' }),
        },
      },
    },
  }
}

/** Whether the route, or what its endpoint calls, is one whose requests do not become jobs by themselves. */
function asksForSecrets({ method, segments, endpoint }: DescribedRoute): boolean {
  return [{ method, segments }, ...(endpoint?.calls ?? [])].some((asked) =>
    takesSecrets(asked.method, apiRoute(asked.segments).segments),
  )
}

/** Which writes become jobs: those for which the caller asks, those with too many items to answer at once, or none. */
type DeferralOf = 'asked' | 'long' | 'none'

function operation(route: DescribedRoute, deferral: DeferralOf, isCached: boolean): JsonSchema {
  const { method, segments, endpoint } = route
  const parameters = variablesOf(segments).map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const described =
    endpoint === undefined ? forwarded(method, segments) : composed(endpoint, deferral !== 'none')
  const own = described.responses[202]
  const isAccepted =
    method !== 'GET' && (deferral === 'asked' || (deferral === 'long' && own !== undefined))
  return {
    operationId: `${method} /${segments.join('/')}`.replaceAll(/[^A-Za-z0-9]+/g, '_'),
    ...(parameters.length > 0 && { parameters }),
    ...described,
    responses: {
      ...described.responses,
      ...(isAccepted && { 202: { ...acceptedResponse, ...own } }),
      ...(isCached && { 304: { description: 'What the caller has is still right.' } }),
      default: { $ref: '#/components/responses/Problem' },
    },
  }
}

/** The description of one route, without the parts that all routes share. */
interface Described extends JsonSchema {
  readonly responses: Readonly<Record<number, JsonSchema>>
}

function composed(endpoint: Endpoint, keepsJobs: boolean): Described {
  const { summary, answers, longList } = endpoint
  const request = keepsJobs ? endpoint.request : requestAtOnce(endpoint)
  // Without jobs nothing is too long to be answered at once; any other 202 is Magento's own.
  const given = Object.entries(answers).filter(
    ([status]) => keepsJobs || longList === undefined || status !== '202',
  )
  return {
    summary,
    ...(request && {
      requestBody: { required: true, content: { 'application/json': { schema: request } } },
    }),
    responses: {
      400: { $ref: '#/components/responses/InvalidRequest' },
      ...Object.fromEntries(
        given.map(([status, { description, schema }]) => [
          status,
          { description, content: contentOf(Number(status), schema) },
        ]),
      ),
    },
  }
}

/** The schema of a request when nothing can become a job: its list may be no longer than can be answered at once. */
function requestAtOnce({ request, longList }: Endpoint): JsonSchema | undefined {
  if (request === undefined || longList === undefined) return request
  const { name, mostAtOnce } = longList
  const properties = request.properties as Readonly<Record<string, JsonSchema>>
  const list = { ...properties[name], maxItems: mostAtOnce }
  return { ...request, properties: { ...properties, [name]: list } }
}

function forwarded(method: string, [first]: readonly string[]): Described {
  const status = statusOfDone(first)
  return {
    summary: "Magento's own route",
    ...(method !== 'GET' && { requestBody: { content: { 'application/json': { schema: {} } } } }),
    responses: {
      [status]: {
        description: "Magento's answer.",
        content: { 'application/json': { schema: {} } },
      },
    },
  }
}

function contentOf(status: number, schema: JsonSchema): JsonSchema {
  return status < 400 ? { 'application/json': { schema } } : errorContent(schema)
}

/** Refusals of the gateway are problems; an error of Magento is passed on as it is. */
function errorContent(problem: JsonSchema): JsonSchema {
  return {
    'application/problem+json': { schema: problem },
    'application/json': { schema: { $ref: '#/components/schemas/MagentoError' } },
  }
}

function templateOf(segment: string): string {
  const name = variableOf(segment)
  return name === undefined ? segment : `{${name}}`
}

const invalidRequest: JsonSchema = {
  description: 'The request is refused; `success` is there where the endpoint itself refuses it.',
  content: errorContent({
    allOf: [
      { $ref: '#/components/schemas/Problem' },
      { type: 'object', properties: { success: { const: false } } },
    ],
  }),
}

/** Magento: lib/internal/Magento/Framework/Webapi/Rest/Response.php, _renderMessages. */
const magentoErrorSchema: JsonSchema = {
  type: 'object',
  properties: { message: { type: 'string' }, parameters: { type: ['array', 'object'] } },
}

const problemSchema: JsonSchema = {
  type: 'object',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    // Deliberately no enumeration: clients have to accept codes that are added later.
    code: { type: 'string', examples: ['rate-limited'] },
    detail: { type: 'string' },
    message: { type: 'string' },
    requestId: { type: 'string' },
    retryAfterSeconds: { type: 'integer' },
    'violated-policies': { type: 'array', items: { type: 'string' } },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { pointer: { type: 'string' }, expected: { type: 'string' } },
      },
    },
  },
  required: ['type', 'title', 'status', 'code', 'detail', 'message', 'requestId'],
}
