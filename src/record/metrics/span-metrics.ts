import type { Registry } from 'prom-client'
import { tallyCounter } from './tally.ts'

/** What happened to spans. */
export type SpanOutcome = 'made' | 'exported' | 'failed' | 'dropped'

/** Counts spans. */
export type CountSpans = (outcome: SpanOutcome, count: number) => void

/** Counts OpenTelemetry spans. Those that were made and have no other outcome yet are waiting. */
export function spanMetrics(registry: Registry): CountSpans {
  const spans = tallyCounter(registry, {
    name: 'magegate_trace_spans_total',
    help: 'Spans, by what has become of them: made, exported, failed or dropped.',
    labelNames: ['outcome'],
  })
  return (outcome, count) => {
    spans(outcome).count += count
  }
}
