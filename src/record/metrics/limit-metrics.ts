import { performance } from 'node:perf_hooks'
import type { Registry } from 'prom-client'
import { type Limit, type LimitState, sizeOf } from '../../contract/limit.ts'
import type { RequestContext } from '../../request-context.ts'
import { eventCounter, readGauge } from './tally.ts'

/** Metrics of limits. */
export interface LimitMetrics {
  /** Counts a request that a limit has refused, or would have refused if it were enforced. */
  readonly exceeded: (integration: string, limit: string, isEnforced: boolean) => void
  /** Notes how much of a request's limits was in use after it. */
  readonly observe: (request: RequestContext) => void
}

/** The largest share of a limit that was in use, in the current window and in the one before. */
interface Peak {
  readonly labels: readonly [integration: string, limit: string]
  windowStart: number
  ratio: number
  before: number
}

/** Longer than the interval of two scrapes in most set-ups, so that no peak is missed. */
const windowMs = 60_000

/**
 * Registers the metrics of limits: how often they are exceeded, and how close integrations come to them. Each limit of
 * the configuration gets a series with the first request to which it applies.
 */
export function limitMetrics(registry: Registry): LimitMetrics {
  const countExceeded = eventCounter(registry, {
    name: 'magegate_limit_exceeded_total',
    help: 'Requests beyond a limit, by whether it is enforced or only reported.',
    labelNames: ['integration', 'limit', 'mode'],
  })
  const peaks = new Map<string, Peak>()
  // As long as a configuration is in use, each of its limits is the same object.
  const peakOf = new WeakMap<Limit, Peak>()
  const use = {
    name: 'magegate_limit_use_ratio',
    help: 'The largest share of a limit that was used at once within the last one to two minutes, 1 at the limit; of one at once, 0 until it refuses.',
    labelNames: ['integration', 'limit'],
  } as const
  readGauge(registry, use, function* () {
    for (const peak of peaks.values()) {
      turn(peak, performance.now())
      yield [peak.labels, Math.max(peak.ratio, peak.before)]
    }
  })

  function find(limit: Limit): Peak {
    const labels = [limit.key.integration, limit.name] as const
    const key = labels.join('\n')
    const peak = peaks.get(key) ?? { labels, windowStart: performance.now(), ratio: 0, before: 0 }
    peaks.set(key, peak)
    peakOf.set(limit, peak)
    return peak
  }

  return {
    exceeded: (integration, limit, isEnforced) =>
      countExceeded(integration, limit, isEnforced ? 'enforced' : 'reported'),
    observe: ({ limitUse, endedAt }) => {
      if (limitUse === undefined) return
      for (const [index, limit] of limitUse.limits.entries()) {
        const peak = peakOf.get(limit) ?? find(limit)
        turn(peak, endedAt)
        const ratio = ratioOf(limit, limitUse.states[index] as LimitState)
        if (ratio > peak.ratio) peak.ratio = ratio
      }
    },
  }
}

/** Begins a new window if the current one is over. */
function turn(peak: Peak, now: number): void {
  const past = now - peak.windowStart
  if (past < windowMs) return
  peak.before = past < 2 * windowMs ? peak.ratio : 0
  peak.ratio = 0
  peak.windowStart = now
}

/**
 * The share of a limit that is in use. `remaining` is rounded down to whole tokens; a limit that refuses is used up. Of
 * a limit of one at once, every request uses all, so only a refusal tells that it does not suffice.
 */
function ratioOf(limit: Limit, { isExceeded, remaining }: LimitState): number {
  if (isExceeded) return 1
  const size = sizeOf(limit)
  if (size === 1) return 0
  return Math.max(0, Math.min(1, 1 - remaining / size))
}
