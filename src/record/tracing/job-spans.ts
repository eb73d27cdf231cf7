import { hash } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { SpanKind } from '@opentelemetry/api'
import { callbackId } from '../../callbacks/callback-entry.ts'
import type { Job } from '../../jobs/job.ts'
import type { JobRun } from '../../jobs/job-environment.ts'
import { spanIdOf } from '../../syntax/span-id.ts'
import type { AuditRecord } from '../audit-record.ts'
import { methodAttribute, routeAttribute } from './attributes.ts'
import { magentoSpan } from './magento-span.ts'
import type { SpanFacts } from './span.ts'

/**
 * The spans of a job that has ended. The consumer span has the span of the accepted request as its parent, and begins
 * with the attempt that ended the job, or with its acceptance if there was no attempt. If Magento was asked in that
 * attempt, a client span is added below it.
 */
export function jobSpans(record: AuditRecord, job: Job, run: JobRun | undefined): SpanFacts[] {
  const { code, route } = record
  const method = methodAttribute(record.method)
  const endMs = Date.parse(record.time)
  // The clock may have been set back in the meantime.
  const startMs = Math.min(run?.beganAtMs ?? job.acceptedAtMs, endMs)
  const status = record.status || undefined
  const isError = job.state === 'failed'
  const consumer: SpanFacts = {
    kind: SpanKind.CONSUMER,
    traceId: job.traceId,
    spanId: jobSpanId(callbackId(job)),
    parentId: spanIdOf(job.id),
    name: route ?? method,
    startMs,
    durationMs: endMs - startMs,
    isError,
    attributes: {
      'http.request.method': method,
      'http.route': routeAttribute(route),
      'http.response.status_code': status,
      'error.type': isError ? (code ?? String(status ?? '_OTHER')) : undefined,
      'magegate.request_id': record.requestId,
      'magegate.integration': record.integration,
      'magegate.code': code,
      'magegate.job_id': job.id,
      'magegate.job_state': job.state,
    },
  }
  const upstream = run?.occasion.upstream
  const client = magentoSpan(consumer, upstream, {
    method: run?.isPoll ? 'GET' : method,
    code,
    startMs: Date.now() - performance.now() + (upstream?.startedAt ?? 0),
  })
  return client ? [consumer, client] : [consumer]
}

/**
 * The id of the span of a job's end, always the same for the same end.
 * @param endId the {@link callbackId} of that end
 */
export function jobSpanId(endId: string): string {
  return hash('sha256', endId).slice(0, 16)
}
