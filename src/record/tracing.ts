import type { CallbackEnd } from '../callbacks/deliver-callback.ts'
import type { TracingSettings } from '../config/tracing-settings.ts'
import type { Job } from '../jobs/job.ts'
import type { JobRun } from '../jobs/job-environment.ts'
import type { SampleTrace } from '../policy.ts'
import type { RequestContext } from '../request-context.ts'
import type { AuditRecord } from './audit-record.ts'
import type { CountSpans } from './metrics/span-metrics.ts'
import type { Redact } from './redaction/known-secrets.ts'

/** Traces requests, the jobs that some of them become, and the call-backs of these. */
export interface Tracing {
  readonly sample: SampleTrace
  /** Makes the spans of a finished request if its trace is sampled. They are sent later. */
  readonly observe: (record: AuditRecord, request: RequestContext) => void
  /** The same for a job that has ended; `run` is the attempt that ended it, if that is known. */
  readonly observeJob: (record: AuditRecord, job: Job, run: JobRun | undefined) => void
  /** The same for a call-back that was delivered or given up. */
  readonly observeCallback: (record: AuditRecord, end: CallbackEnd) => void
  /** Sends the remaining spans, if that is possible soon. */
  readonly close: () => Promise<void>
}

/** What is needed to make and send spans. */
export interface TracingParts {
  readonly redact: Redact
  readonly count: CountSpans
  /** Told why spans could not be sent. */
  readonly onFailed: (error: unknown) => void
}

/**
 * Opens tracing. While tracing is off nothing of OpenTelemetry is loaded.
 * @param settings undefined if tracing is off
 */
export async function openTracing(
  settings: TracingSettings | undefined,
  parts: TracingParts,
): Promise<Tracing | undefined> {
  if (settings === undefined) return undefined
  const { startTracing } = await import('./tracing/start-tracing.ts')
  return startTracing(settings, parts)
}
