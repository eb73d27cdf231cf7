import type { TracingSettings } from '../config/tracing-settings.ts'
import type { RequestContext } from '../request-context.ts'
import type { AuditRecord } from './audit-record.ts'
import type { Redact } from './known-secrets.ts'
import type { CountSpans } from './metrics/span-metrics.ts'

/** Gives the W3C trace flags of a trace; `parentFlags` are those of its parent, if it has one. */
export type SampleTrace = (traceId: string, parentFlags: string | undefined) => string

/** Traces requests. */
export interface Tracing {
  readonly sample: SampleTrace
  /** Makes the spans of a request that is over, where its trace is sampled; they are sent later. */
  readonly observe: (record: AuditRecord, request: RequestContext) => void
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
