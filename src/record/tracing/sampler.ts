import { ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api'
import {
  ParentBasedSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'
import type { TracingSettings } from '../../config/tracing-settings.ts'
import type { SampleTrace } from '../../policy.ts'

/** Prepares the decision whether a trace is sampled. All processes decide the same for the same trace. */
export function prepareSampler({ ratio, isParentBased }: TracingSettings['sampler']): SampleTrace {
  const root = new TraceIdRatioBasedSampler(ratio)
  const sampler = isParentBased ? new ParentBasedSampler({ root }) : root
  return (traceId, parentFlags) => {
    const context =
      parentFlags === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, {
            traceId,
            spanId: anySpanId,
            traceFlags: Number.parseInt(parentFlags, 16),
            isRemote: true,
          })
    const { decision } = sampler.shouldSample(context, traceId, '', SpanKind.SERVER, {}, [])
    return decision === SamplingDecision.RECORD_AND_SAMPLED ? '01' : '00'
  }
}

/** Samplers only check that there is a valid parent, whichever it is. */
const anySpanId = '0000000000000001'
