import { type ConfigChanges, describeChanges } from '../config/changes.ts'
import { ConfigError, type Fault } from '../config/faults.ts'
import { restartFaults } from '../config/restart-settings.ts'
import type { Config } from '../config.ts'
import { errorCode, errorPlace } from '../contract/error-code.ts'
import { withinTime } from '../contract/within-time.ts'
import type { LastingParts } from '../lasting/lasting-parts.ts'
import type { Generations } from './generations.ts'

/** The outcome of a reload. Only `reloaded` has changed anything. */
export type ReloadOutcome =
  | {
      readonly status: 'reloaded'
      /** Number of the configuration now in force; that of the start is 1. */
      readonly generation: number
      readonly changes: ConfigChanges
    }
  /** The new configuration has faults, or changes what needs a restart. */
  | { readonly status: 'refused'; readonly faults: readonly Fault[] }
  /** Something failed that is no fault of the configuration; the log says what. */
  | { readonly status: 'failed' }
  | { readonly status: 'stopping' }

/** Reloads the configuration. It does not reject. */
export type Reload = () => Promise<ReloadOutcome>

/** What a reload works with. */
export interface ReloadParts extends Pick<LastingParts, 'redactions' | 'metrics' | 'log'> {
  /** Reads and checks the whole configuration; rejects with a {@link ConfigError} for its faults. */
  readonly load: () => Promise<Config>
  readonly generations: Generations
  readonly isDraining: () => boolean
  /** Whether the listener asks callers for a certificate. */
  readonly asksForCertificate: boolean
}

/** How long a configuration may take to be read, milliseconds. It takes longer only if a file system hangs. */
const loadMs = 120_000

function tooLate(): Error {
  return Object.assign(new Error('the files could not be read in time'), { code: 'ETIMEDOUT' })
}

/**
 * Prepares reloads: the whole configuration is read and checked, then takes effect in one step or not at
 * all. Whoever asks during a reload waits for the next one, and all who ask meanwhile share it.
 */
export function prepareReload({
  load,
  generations,
  redactions,
  isDraining,
  asksForCertificate,
  metrics,
  log,
}: ReloadParts): Reload {
  let generation = 1
  let last: Promise<unknown> = Promise.resolve()
  let waiting: Promise<ReloadOutcome> | undefined
  metrics.config.loaded(generation)
  metrics.config.watchLiving(generations.size)

  async function reload(): Promise<ReloadOutcome> {
    if (isDraining()) return { status: 'stopping' }
    const { config: running } = generations.current()
    // Otherwise neither this reload nor all later ones would end.
    const next = await withinTime(load(), loadMs, tooLate)
    const faults = restartFaults(running, next, asksForCertificate)
    if (faults.length > 0) throw new ConfigError(faults)
    const changes = await describeChanges(running, next)
    const forgetSecrets = await redactions.add(next.secrets, next.gateway.audit.redact)
    // All this takes a while; once draining has begun, no generation may follow the last.
    if (isDraining()) return { status: 'stopping' }
    try {
      generations.switchTo({ config: next, forgetSecrets })
    } catch (error) {
      forgetSecrets()
      throw error
    }
    metrics.secrets.expect(next.integrations)
    generation += 1
    metrics.config.loaded(generation)
    log.info({ generation, changes }, 'the configuration was reloaded')
    return { status: 'reloaded', generation, changes }
  }

  function failed(error: unknown): ReloadOutcome {
    metrics.config.reloadFailed()
    if (error instanceof ConfigError) {
      const { faults } = error
      log.error({ generation, faults }, 'the configuration was not reloaded: it has faults')
      return { status: 'refused', faults }
    }
    // Not its text: the log is not searched for secrets of a configuration that was never in force.
    const message = 'the configuration was not reloaded because of an unexpected error'
    log.error({ generation, errorCode: errorCode(error), at: errorPlace(error) }, message)
    return { status: 'failed' }
  }

  return () => {
    if (waiting === undefined) {
      waiting = last.then(() => {
        waiting = undefined
        return reload().catch(failed)
      })
      last = waiting
    }
    return waiting
  }
}
