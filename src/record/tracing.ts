import type { CallbackEnd } from '../callbacks/deliver-callback.ts'
import type { TracingSettings } from '../config/tracing-settings.ts'
import type { Job } from '../jobs/job.ts'
import type { JobRun } from '../jobs/job-world.ts'
import type { RequestContext } from '../request-context.ts'
import type { AuditRecord } from './audit-record.ts'
import type { Redact } from './known-secrets.ts'
import type { CountSpans } from './metrics/span-metrics.ts'

/** Gives the W3C trace flags of a trace; `parentFlags` are those of its parent, if it has one. */
export type SampleTrace = (traceId: string, parentFlags: string | undefined) => string

/** Traces requests, the jobs that some of them become, and the call-backs of these. */
export interface Tracing {
  readonly sample: SampleTrace
  /** Makes the spans of a request that is over, where its trace is sampled; they are sent later. */
  readonly observe: (record: AuditRecord, request: RequestContext) => void
  /** The same of a job that has ended; `run` is the attempt that ended it, where that is known. */
  readonly observeJob: (record: AuditRecord, job: Job, run: JobRun | undefined) => void
  /** The same of a call-back that will not be sent again by itself. */
  readonly observeCallback: (record: AuditRecord, end: CallbackEnd) => void
  /** Sends what is left, if it can be sent soon. */
  readonly close: () => Promise<void>
}

/** What spans are made and sent with. */
export interface TracingParts {
  readonly redact: Redact
  readonly count: CountSpans
}

/**
 * Opens tracing; nothing of OpenTelemetry is loaded where it is off.
 * @param settings undefined: tracing is off
 */
export async function openTracing(
  settings: TracingSettings | undefined,
  parts: TracingParts,
): Promise<Tracing | undefined> {
  if (settings === undefined) return undefined
  const { startTracing } = await import('./tracing/start-tracing.ts')
  return startTracing(settings, parts)
}
