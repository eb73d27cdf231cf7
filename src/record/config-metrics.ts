import { Counter, Gauge, type Registry } from 'prom-client'

/** What became of the configuration, and of attempts to take a new one. */
export interface ConfigMetrics {
  /** Notes that a configuration holds from now on; that of the start is generation 1. */
  readonly configLoaded: (generation: number) => void
  readonly reloadFailed: () => void
  /** Shows how many generations of the configuration something still needs. */
  readonly gaugeGenerations: (living: () => number) => void
}

/** Opens the metrics of the configuration. */
export function openConfigMetrics(registers: Registry[]): ConfigMetrics {
  const generation = new Gauge({
    name: 'magegate_config_generation',
    help: 'Which configuration holds: 1 is that of the start, each reload is one more.',
    registers,
  })
  const loadedAt = new Gauge({
    name: 'magegate_config_last_load_timestamp_seconds',
    help: 'When the configuration that holds was taken; seconds since the epoch.',
    registers,
  })
  const failures = new Counter({
    name: 'magegate_config_reload_failures_total',
    help: 'Reloads that were refused or failed, and changed nothing.',
    registers,
  })
  let living = () => 1
  new Gauge({
    name: 'magegate_config_living_generations',
    help: 'Configurations under which a request is not over; 1 when all are of the present one.',
    registers,
    collect() {
      this.set(living())
    },
  })
  return {
    configLoaded: (number) => {
      generation.set(number)
      loadedAt.setToCurrentTime()
    },
    reloadFailed: () => failures.inc(),
    gaugeGenerations: (count) => {
      living = count
    },
  }
}
