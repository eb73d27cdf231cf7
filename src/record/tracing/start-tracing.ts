import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace'
import type { TracingSettings } from '../../config/tracing-settings.ts'
import { redactPlain } from '../redaction/compile-redaction.ts'
import type { Redact } from '../redaction/known-secrets.ts'
import type { Tracing, TracingParts } from '../tracing.ts'
import { callbackSpan } from './callback-span.ts'
import { jobSpans } from './job-spans.ts'
import { requestSpans } from './request-spans.ts'
import { prepareSampler } from './sampler.ts'
import { isSampled, makeSpan, type SpanFacts } from './span.ts'

/** How long the end of the process waits at most for spans to be sent, in milliseconds. */
const closeWithinMs = 1_000

/**
 * Starts tracing. Spans wait in a queue of bounded length and are sent in batches. They are dropped when the queue is
 * full because nobody accepts them.
 */
export function startTracing(
  { url, headers, timeoutMs, resource, sampler, batch }: TracingSettings,
  { redact, count, onFailed }: TracingParts,
): Tracing {
  const exporter = new OTLPTraceExporter({
    url,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.reveal()]),
    ),
    timeoutMillis: timeoutMs,
  })
  // How many the processor keeps: it does not tell when its queue is full and it drops the next one.
  let waiting = 0
  const processor = new BatchSpanProcessor({
    exporter: {
      export: (spans, done) => {
        waiting -= spans.length
        exporter.export(spans, (result) => {
          const hasFailed = result.code !== 0
          count(hasFailed ? 'failed' : 'exported', spans.length)
          if (hasFailed) onFailed(withShortAnswer(result.error, redact))
          done(result)
        })
      },
      shutdown: () => exporter.shutdown(),
    },
    scheduledDelayMillis: batch.delayMs,
    maxQueueSize: batch.queueSize,
    maxExportBatchSize: batch.batchSize,
    exportTimeoutMillis: timeoutMs,
  })
  const base = {
    redact,
    resource: resourceFromAttributes({ 'service.instance.id': randomUUID(), ...resource }),
  }
  const take = (spans: readonly SpanFacts[]) => {
    count('made', spans.length)
    for (const facts of spans) {
      if (waiting >= batch.queueSize) count('dropped', 1)
      else {
        waiting += 1
        processor.onEnd(makeSpan(facts, base))
      }
    }
  }
  return {
    sample: prepareSampler(sampler),
    observe: (record, request) => {
      if (isSampled(request)) take(requestSpans(record, request))
    },
    observeJob: (record, job, run) => {
      if (isSampled(job)) take(jobSpans(record, job, run))
    },
    observeCallback: (record, end) => {
      if (isSampled(end)) take([callbackSpan(record, end)])
    },
    close: async () => {
      // Spans may be lost; failures have been counted.
      const sent = processor.shutdown().catch(() => undefined)
      await Promise.race([sent, delay(closeWithinMs, undefined, { ref: false })])
    },
  }
}

/** How much is told of what the collector answered, characters. */
const answerLength = 500

/**
 * Shortens what the error of an export has as `data`: the whole answer of the collector, up to 4 MiB. What is no HTTP is
 * left out: Node keeps its bytes as `rawPacket`, and no secret would be found in the numbers that a log makes of them.
 */
function withShortAnswer(error: Error | undefined, redact: Redact): unknown {
  if (error === undefined) return error
  if ('rawPacket' in error) delete error.rawPacket
  if (!('data' in error)) return error
  // A secret that was cut in two would not be found any more.
  const shown = redactPlain(String(error.data), redact)
  return Object.assign(error, { data: shown.slice(0, answerLength) })
}
