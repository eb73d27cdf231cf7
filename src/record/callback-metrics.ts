import { Counter, Gauge, type Registry } from 'prom-client'
import type { QueueDepth } from '../jobs/durable-queue.ts'

/** What became of one sending; `failed` is tried again, `dead` is not. */
export type SendingOutcome = 'delivered' | 'failed' | 'dead'

/** Counts of what happened to call-backs. */
export interface CallbackMetrics {
  readonly sent: (integration: string, outcome: SendingOutcome) => void
}

/**
 * Adds what is told of call-backs. Labels are names of integrations and words of our own.
 * @param depth how much waits, asked at each scrape; no figure is told where it cannot be said
 * @param clock milliseconds since the epoch
 */
export function openCallbackMetrics(
  registry: Registry,
  depth: () => Promise<QueueDepth>,
  clock: () => number,
): CallbackMetrics {
  const registers = [registry]
  let asked: Promise<QueueDepth | undefined> | undefined
  /** Once for both gauges: one may be read before the other has its answer. */
  function ask(): Promise<QueueDepth | undefined> {
    asked ??= depth()
      .catch(() => undefined)
      .finally(() => {
        asked = undefined
      })
    return asked
  }
  new Gauge({
    name: 'magegate_callbacks',
    help: 'Call-backs that wait, are under way, or are dead letters.',
    labelNames: ['state'] as const,
    registers,
    async collect() {
      const found = await ask()
      this.reset()
      if (found === undefined) return
      this.set({ state: 'waiting' }, found.waiting)
      this.set({ state: 'running' }, found.running)
      this.set({ state: 'dead' }, found.dead)
    },
  })
  new Gauge({
    name: 'magegate_callbacks_oldest_age_seconds',
    help: 'Age of the oldest call-back that is neither delivered nor dead.',
    registers,
    async collect() {
      const found = await ask()
      if (found === undefined) this.remove()
      else this.set(Math.max(0, clock() - (found.oldestPutAtMs ?? clock())) / 1000)
    },
  })
  const sendings = new Counter({
    name: 'magegate_callbacks_sent_total',
    help: 'Sendings of call-backs: delivered, failed and tried again, or dead.',
    labelNames: ['integration', 'outcome'] as const,
    registers,
  })
  return { sent: (integration, outcome) => sendings.inc({ integration, outcome }) }
}
