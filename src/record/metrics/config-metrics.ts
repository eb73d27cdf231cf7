import { Gauge, type Registry } from 'prom-client'
import { eventCounter, watchedGauge } from './tally.ts'

/** Metrics of the configuration and of attempts to load a new one. */
export interface ConfigMetrics {
  /** Notes that a configuration is in effect from now on; that of the start is generation 1. */
  readonly loaded: (generation: number) => void
  readonly reloadFailed: () => void
  /** Sets the function that tells how many generations of the configuration are still in use. */
  readonly watchLiving: (living: () => number) => void
}

/** Registers the metrics of the configuration. */
export function configMetrics(registry: Registry): ConfigMetrics {
  const registers = [registry]
  const generation = new Gauge({
    name: 'magegate_config_generation',
    help: 'Number of the configuration in force: 1 at the start, one more after each reload.',
    registers,
  })
  const loadedAt = new Gauge({
    name: 'magegate_config_last_load_timestamp_seconds',
    help: 'When the configuration in force was loaded, in seconds since the epoch.',
    registers,
  })
  const watchLiving = watchedGauge(registry, {
    name: 'magegate_config_living_generations',
    help: 'Configurations that requests still use; 1 if all use the current one.',
  })
  return {
    loaded: (number) => {
      generation.set(number)
      loadedAt.setToCurrentTime()
    },
    reloadFailed: eventCounter(registry, {
      name: 'magegate_config_reload_failures_total',
      help: 'Reloads that were refused or failed, and changed nothing.',
    }),
    watchLiving,
  }
}
