import { SpanKind } from '@opentelemetry/api'
import type { RequestContext } from '../../request-context.ts'
import { newSpanId, spanIdOf } from '../../syntax/span-id.ts'
import type { AuditRecord } from '../audit-record.ts'
import { methodAttribute, routeAttribute } from './attributes.ts'
import { magentoSpan } from './magento-span.ts'
import type { SpanFacts } from './span.ts'

/**
 * The spans of a request: a server span, and if Magento was asked, a client span that covers all calls to it. Names and
 * attributes are those of the semantic conventions for HTTP. Path and query are redacted as in the audit.
 */
export function requestSpans(record: AuditRecord, request: RequestContext): SpanFacts[] {
  const { upstream, arrivedAtMs, startedAt, jobId } = request
  const { status, code, route, path } = record
  const method = methodAttribute(record.method)
  const server: SpanFacts = {
    kind: SpanKind.SERVER,
    traceId: request.traceId,
    // If the request became a job, this id is derived from the job's, so that the job's span can name its parent.
    spanId: jobId === undefined ? newSpanId() : spanIdOf(jobId),
    parentId: request.parentSpanId,
    name: route ?? (method === '_OTHER' ? 'HTTP' : method),
    startMs: arrivedAtMs,
    durationMs: record.durationMs,
    isError: status >= 500,
    attributes: {
      'http.request.method': method,
      'http.response.status_code': status,
      'error.type': status >= 500 ? (code ?? String(status)) : undefined,
      'http.route': routeAttribute(route),
      'url.scheme': request.isTls ? 'https' : 'http',
      'url.path': path,
      'url.query': record.query,
      'client.address': record.clientIp,
      'user_agent.original': record.headers?.['user-agent'],
      'magegate.request_id': record.requestId,
      'magegate.integration': record.integration,
      'magegate.code': code,
      'magegate.policy': record.policy,
    },
  }
  const startMs = arrivedAtMs + (upstream?.startedAt ?? startedAt) - startedAt
  const client = magentoSpan(server, upstream, { method, path, code, startMs })
  return client ? [server, client] : [server]
}
