import { routesOf } from '../authorize/granted-route.ts'
import {
  parseRoutePattern,
  type RoutePattern,
  unnamedRoute,
  variableOf,
  variablesOf,
} from '../authorize/route-pattern.ts'
import type { IntegrationSettings } from '../config/integration-settings.ts'
import type { Endpoint, JsonSchema } from '../endpoint.ts'
import type { PublicOrigin } from '../policy.ts'
import { acceptedResponse, jobOperations } from './job-operations.ts'

/** What the document tells of the gateway. */
export interface DescribedGateway {
  readonly endpoints: readonly Endpoint[]
  readonly publicOrigin: PublicOrigin
  /** Whether writes can be accepted as jobs. */
  readonly keepsJobs: boolean
}

/**
 * What an integration may call, as OpenAPI 3.1: the endpoints of the gateway with their schemas, and the
 * granted routes of Magento by path and method.
 */
export function openApiDocument(
  { name, policies, credentials, upstream }: IntegrationSettings,
  { endpoints, publicOrigin, keepsJobs }: DescribedGateway,
): JsonSchema {
  const isComposed = policies.endpoints !== 'forward'
  const mayDefer = keepsJobs && upstream.passthrough !== true
  const byRoute = new Map(
    // Of two for one route the first one answers.
    endpoints
      .toReversed()
      .flatMap((endpoint) => endpoint.routes.map((route) => [unnamedRoute(route), endpoint])),
  )
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routesOf(policies.routes)) {
    const pattern = parseRoutePattern(route)
    if (pattern === undefined) continue
    const endpoint = isComposed ? byRoute.get(unnamedRoute(route)) : undefined
    const path = `/rest/${pattern.segments.map(templateOf).join('/')}`
    const described = operation(pattern, endpoint, mayDefer)
    paths[path] = { ...paths[path], [pattern.method.toLowerCase()]: described }
  }
  if (mayDefer) paths['/rest/V1/jobs/{id}'] = jobOperations
  return {
    openapi: '3.1.0',
    info: {
      title: `Magento REST API for ${name}`,
      version: '1',
      description: 'What this integration is granted. All other routes are refused.',
    },
    servers: [{ url: `${publicOrigin.scheme}://${publicOrigin.authority}` }],
    security: [credentials.token === undefined ? {} : { bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: problemSchema },
      responses: {
        Problem: {
          description: 'A refusal, or a failure on the way to Magento (RFC 9457).',
          content: {
            'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
          },
        },
      },
    },
  }
}

function operation(
  pattern: RoutePattern,
  endpoint: Endpoint | undefined,
  mayDefer: boolean,
): JsonSchema {
  const parameters = variablesOf(pattern.segments).map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  return {
    operationId: pattern.text.replaceAll(/[^A-Za-z0-9]+/g, '_'),
    ...(parameters.length > 0 && { parameters }),
    ...(endpoint === undefined ? forwarded(pattern, mayDefer) : composed(endpoint)),
  }
}

function composed({ summary, request, answers }: Endpoint): JsonSchema {
  return {
    summary,
    ...(request && {
      requestBody: { required: true, content: { 'application/json': { schema: request } } },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, { description, schema }]) => [
          status,
          { description, content: { [mediaTypeOf(Number(status))]: { schema } } },
        ]),
      ),
      default: { $ref: '#/components/responses/Problem' },
    },
  }
}

function forwarded({ method }: RoutePattern, mayDefer: boolean): JsonSchema {
  return {
    summary: "Magento's own route",
    ...(method !== 'GET' && { requestBody: { content: { 'application/json': { schema: {} } } } }),
    responses: {
      200: { description: "Magento's answer.", content: { 'application/json': { schema: {} } } },
      ...(mayDefer && method !== 'GET' && { 202: acceptedResponse }),
      default: { $ref: '#/components/responses/Problem' },
    },
  }
}

/** What the gateway refuses is a problem; what it answers, JSON. */
function mediaTypeOf(status: number): string {
  return status < 400 ? 'application/json' : 'application/problem+json'
}

function templateOf(segment: string): string {
  const name = variableOf(segment)
  return name === undefined ? segment : `{${name}}`
}

const problemSchema: JsonSchema = {
  type: 'object',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    // Not an enumeration: a client must take a code that is new.
    code: { type: 'string', examples: ['rate-limited'] },
    detail: { type: 'string' },
    message: { type: 'string' },
    requestId: { type: 'string' },
    retryAfterSeconds: { type: 'integer' },
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
