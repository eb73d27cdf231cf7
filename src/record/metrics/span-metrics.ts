import type { Registry } from 'prom-client'
import { tallyCounter } from './tally.ts'

/** What happened to spans. */
export type SpanOutcome = 'made' | 'exported' | 'failed'

/** Counts spans. */
export type CountSpans = (outcome: SpanOutcome, count: number) => void

/** Counts OpenTelemetry spans. Those that were made but neither exported nor failed are waiting or were dropped. */
export function spanMetrics(registry: Registry): CountSpans {
  const spans = tallyCounter(registry, {
    name: 'magegate_trace_spans_total',
    help: 'Spans, by what has become of them: made, exported or failed.',
    labelNames: ['outcome'],
  })
  return (outcome, count) => {
    spans(outcome).count += count
  }
}
