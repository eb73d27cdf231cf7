import type { Registry } from 'prom-client'
import { eventCounter, watchedGauge } from './tally.ts'

/** Metrics of Redis. */
export interface StoreMetrics {
  /** Counts that the connection to Redis was lost. */
  readonly lost: () => void
  /** Counts a question to Redis that had to be answered without it. */
  readonly fellBack: () => void
  readonly watch: (isAway: () => boolean) => void
}

/** Registers the metrics of the store that processes share. */
export function storeMetrics(registry: Registry): StoreMetrics {
  const watchAway = watchedGauge(registry, {
    name: 'magegate_store_away',
    help: '1 while Redis is away, 0 while it is there or there is none.',
  })
  return {
    lost: eventCounter(registry, {
      name: 'magegate_store_losses_total',
      help: 'How often Redis went away.',
    }),
    fellBack: eventCounter(registry, {
      name: 'magegate_store_fallbacks_total',
      help: 'Decisions that were made without Redis because it was away.',
    }),
    watch: (isAway) => watchAway(() => Number(isAway())),
  }
}
