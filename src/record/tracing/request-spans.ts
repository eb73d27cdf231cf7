import {
  type Attributes,
  type HrTime,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
} from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { newSpanId } from '../../forward/identity-headers.ts'
import type { RequestContext } from '../../request-context.ts'
import type { AuditRecord } from '../audit-record.ts'
import type { Redact } from '../known-secrets.ts'

/** What all spans have in common. */
export interface SpanBase {
  readonly resource: Resource
  readonly redact: Redact
}

/** Whether a request belongs to a trace that is sampled. */
export function isSampled({ traceFlags }: RequestContext): boolean {
  return (Number.parseInt(traceFlags, 16) & TraceFlags.SAMPLED) !== 0
}

// Semantic conventions of OpenTelemetry, HTTP spans: any other method is told as _OTHER.
const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])

/**
 * The spans of a request: one of the server, and where Magento was asked one of the client, which
 * covers all that was sent for it. Names and attributes are those of the semantic conventions for HTTP;
 * path and query are shown as the audit shows them.
 */
export function requestSpans(
  record: AuditRecord,
  request: RequestContext,
  base: SpanBase,
): ReadableSpan[] {
  const { upstream, arrivedAtMs, startedAt, parentSpanId } = request
  const method = knownMethods.has(record.method) ? record.method : '_OTHER'
  const shared = { base, traceId: request.traceId, method }
  const server = span(shared, {
    kind: SpanKind.SERVER,
    spanId: newSpanId(),
    parentId: parentSpanId,
    name: record.route ?? method,
    startMs: arrivedAtMs,
    durationMs: record.durationMs,
    isError: record.status >= 500,
    attributes: {
      'http.response.status_code': record.status,
      ...(record.status >= 500 && { 'error.type': record.code ?? String(record.status) }),
      ...definedOnly({
        'http.route': record.route?.slice(record.route.indexOf(' ') + 1),
        'url.scheme': request.isTls ? 'https' : 'http',
        'url.path': record.path,
        'url.query': record.query,
        'client.address': record.clientIp,
        'user_agent.original': record.headers?.['user-agent'],
        'magegate.request_id': record.requestId,
        'magegate.integration': record.integration,
        'magegate.code': record.code,
        'magegate.policy': record.policy,
      }),
    },
  })
  if (upstream?.durationMs === undefined || upstream.spanId === undefined) return [server]
  const isError = upstream.status === undefined || upstream.status >= 400
  const { hostname, port, protocol } = new URL(upstream.origin ?? 'http://unknown')
  const client = span(shared, {
    kind: SpanKind.CLIENT,
    spanId: upstream.spanId,
    parentId: server.spanContext().spanId,
    name: method,
    startMs: arrivedAtMs + upstream.startedAt - startedAt,
    durationMs: upstream.durationMs,
    isError,
    attributes: {
      'server.address': hostname,
      'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
      'url.full': `${upstream.origin}${record.path ?? ''}`,
      ...(upstream.status !== undefined && { 'http.response.status_code': upstream.status }),
      ...(isError && { 'error.type': String(upstream.status ?? record.code ?? '_OTHER') }),
    },
  })
  return [server, client]
}

interface SpanFacts {
  readonly kind: SpanKind
  readonly spanId: string
  readonly parentId: string | undefined
  readonly name: string
  /** Since the epoch. */
  readonly startMs: number
  readonly durationMs: number
  readonly isError: boolean
  readonly attributes: Attributes
}

function span(
  { base, traceId, method }: { base: SpanBase; traceId: string; method: string },
  facts: SpanFacts,
): ReadableSpan {
  const context = (spanId: string) => ({ traceId, spanId, traceFlags: TraceFlags.SAMPLED })
  const own = context(facts.spanId)
  const attributes = { 'http.request.method': method, ...facts.attributes }
  return {
    name: facts.name,
    kind: facts.kind,
    spanContext: () => own,
    ...(facts.parentId !== undefined && { parentSpanContext: context(facts.parentId) }),
    startTime: hrTime(facts.startMs),
    endTime: hrTime(facts.startMs + facts.durationMs),
    duration: hrTime(facts.durationMs),
    status: { code: facts.isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    // Searched for secrets as a line of the audit is.
    attributes: JSON.parse(base.redact(JSON.stringify(attributes))) as Attributes,
    links: [],
    events: [],
    ended: true,
    resource: base.resource,
    instrumentationScope: { name: 'magegate' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

function definedOnly(attributes: Readonly<Record<string, string | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
}

/** Seconds and nanoseconds. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000)
  return [seconds, Math.round((ms - seconds * 1000) * 1_000_000)]
}
