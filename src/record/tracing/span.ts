import {
  type Attributes,
  type HrTime,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
} from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { Redact } from '../redaction/known-secrets.ts'

/** What all spans have in common. */
export interface SpanBase {
  readonly resource: Resource
  readonly redact: Redact
}

/** The contents of a span. */
export interface SpanFacts {
  readonly kind: SpanKind
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly startMs: number
  readonly durationMs: number
  readonly isError: boolean
  /** A span has those that are not undefined. */
  readonly attributes: Attributes
}

/** Whether a trace is sampled, according to its W3C trace flags. */
export function isSampled({ traceFlags }: { readonly traceFlags: string }): boolean {
  return (Number.parseInt(traceFlags, 16) & TraceFlags.SAMPLED) !== 0
}

/** Makes a finished span. Its name and attributes are searched for secrets, like a line of the audit. */
export function makeSpan(facts: SpanFacts, base: SpanBase): ReadableSpan {
  const { traceId, startMs, durationMs } = facts
  const context = (spanId: string) => ({ traceId, spanId, traceFlags: TraceFlags.SAMPLED })
  const own = context(facts.spanId)
  // As JSON, which leaves out what is undefined.
  const text = base.redact(JSON.stringify({ name: facts.name, attributes: facts.attributes }))
  const { name, attributes } = JSON.parse(text) as Pick<SpanFacts, 'name' | 'attributes'>
  return {
    name,
    kind: facts.kind,
    spanContext: () => own,
    ...(facts.parentId !== undefined && {
      // Calls are made by this process on behalf of its own spans; all else was asked for by another one.
      parentSpanContext: { ...context(facts.parentId), isRemote: facts.kind !== SpanKind.CLIENT },
    }),
    startTime: hrTime(startMs),
    endTime: hrTime(startMs + durationMs),
    duration: hrTime(durationMs),
    status: { code: facts.isError ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes,
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

/** Milliseconds as seconds and nanoseconds. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000)
  return [seconds, Math.round((ms - seconds * 1000) * 1_000_000)]
}
