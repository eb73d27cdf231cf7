import { SpanKind } from '@opentelemetry/api'
import type { CallbackEnd } from '../../callbacks/deliver-callback.ts'
import { newSpanId } from '../../syntax/span-id.ts'
import type { AuditRecord } from '../audit-record.ts'
import { jobSpanId } from './job-spans.ts'
import type { SpanFacts } from './span.ts'

/**
 * The span of a call-back that was delivered or given up: a client span of the last attempt, whose parent is the span
 * of the job. It does not show the URL, which can contain a credential.
 */
export function callbackSpan(
  record: AuditRecord,
  { id, jobId, traceId, outcome, reason, sendings }: CallbackEnd,
): SpanFacts {
  const status = record.status || undefined
  const isError = outcome === 'dead'
  const { method, durationMs } = record
  return {
    kind: SpanKind.CLIENT,
    traceId,
    spanId: newSpanId(),
    parentId: jobSpanId(id),
    name: method,
    startMs: Date.parse(record.time) - durationMs,
    durationMs,
    isError,
    attributes: {
      'http.request.method': method,
      'http.response.status_code': status,
      'http.request.resend_count': sendings > 1 ? sendings - 1 : undefined,
      'error.type': isError ? String(status ?? reason ?? '_OTHER') : undefined,
      'magegate.request_id': record.requestId,
      'magegate.integration': record.integration,
      'magegate.job_id': jobId,
      'magegate.callback_outcome': outcome,
    },
  }
}
