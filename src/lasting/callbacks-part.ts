import { type Callbacks, openCallbacks } from '../callbacks/open-callbacks.ts'
import type { Receiver } from '../callbacks/receiver.ts'
import type { DurableQueue } from '../jobs/durable-queue.ts'
import { callbackRecord } from '../record/callback-record.ts'
import { openCallbackMetrics } from '../record/metrics/callback-metrics.ts'
import type { LastingParts } from './lasting-parts.ts'

/**
 * Opens the call-backs of the process, which wait in a durable queue.
 * @param receivers who is to be called back at present, by name of the integration
 */
export function openCallbacksPart(
  queue: DurableQueue,
  {
    log,
    metrics,
    recorder,
    tracing,
  }: Pick<LastingParts, 'log' | 'metrics' | 'recorder' | 'tracing'>,
  receivers: () => ReadonlyMap<string, Receiver>,
): Callbacks {
  const countSent = openCallbackMetrics(metrics.registry, queue.depth, Date.now)
  // The reasons by integration, so that the log has a receiver that is down for a day once, also one that fails in turn for
  // two reasons.
  const failing = new Map<string, Set<string>>()
  return openCallbacks(queue, {
    receiverOf: (owner) => receivers().get(owner),
    onFailure: (owner, reason) => {
      countSent(owner, 'failed')
      const reasons = failing.get(owner) ?? new Set()
      if (reasons.has(reason)) return
      failing.set(owner, reasons.add(reason))
      log.warn({ integration: owner, reason }, 'call-backs fail and are sent again')
    },
    onEnd: (end) => {
      const { owner, outcome, jobId, reason } = end
      countSent(owner, outcome)
      if (outcome === 'delivered' && failing.delete(owner)) {
        log.info({ integration: owner }, 'call-backs are delivered again')
      }
      if (outcome === 'dead') log.warn({ integration: owner, jobId, reason }, 'a call-back is dead')
      const record = callbackRecord(end, Date.now())
      tracing?.observeCallback(record, end)
      return recorder.recordEnd(record)
    },
  })
}
