import { addTo } from '../../contract/add-to.ts'
import type { Charge, Limit, LimitDecision, LimitState } from '../../contract/limit.ts'
import { periodStart } from './calendar.ts'
import { limitKey } from './limit-key.ts'
import { fillOf, levelAt, partsOfToken, type RateMeter, rateState } from './rate-meter.ts'

/** The two clocks that limits use, in milliseconds. */
export interface LimitClocks {
  /** Never goes back. */
  readonly monotonic: () => number
  /** Since the epoch. */
  readonly wall: () => number
}

/** Decides on charges in this process. A limit that was once asked for takes memory until the process ends. */
export type DecideInMemory = (charge: Pick<Charge, 'limits' | 'cost'>) => LimitDecision

/** The state of one limit as if a request were let through. */
interface Reading {
  readonly isExceeded: boolean
  /** Stores that the request was let through. */
  readonly commit: () => void
  readonly state: (isCharged: boolean) => LimitState
}

interface Memory {
  readonly rates: Map<string, RateMeter>
  readonly quotas: Map<string, { readonly used: number; readonly startMs: number }>
  readonly running: Map<string, number>
}

/** Keeps the state of limits in this process. If one limit refuses a charge, none of its limits is charged. */
export function memoryLimits({ monotonic, wall }: LimitClocks): DecideInMemory {
  const memory: Memory = { rates: new Map(), quotas: new Map(), running: new Map() }

  return ({ limits, cost }) => {
    const nowUs = Math.floor(monotonic() * 1000)
    const readings = limits.map((limit) => {
      const key = limitKey(limit)
      if (limit.kind === 'rate') return readRate(memory, key, limit, cost, nowUs)
      if (limit.kind === 'quota') return readQuota(memory, key, limit, cost, wall())
      return readConcurrency(memory, key, limit)
    })
    const isAllowed = !readings.some(
      ({ isExceeded }, index) => isExceeded && !limits[index]?.isReportOnly,
    )
    const running: string[] = []
    const states = readings.map((reading, index) => {
      const isCharged = isAllowed && !reading.isExceeded
      if (isCharged) {
        reading.commit()
        const limit = limits[index] as Limit
        if (limit.kind === 'concurrency') running.push(limitKey(limit))
      }
      return reading.state(isCharged)
    })
    if (running.length === 0) return { outcome: 'decided', isAllowed, states }
    const release = () => {
      for (const key of running) addTo(memory.running, key, -1)
    }
    return { outcome: 'decided', isAllowed, states, release }
  }
}

function readRate(
  { rates }: Memory,
  key: string,
  limit: Extract<Limit, { kind: 'rate' }>,
  cost: number,
  nowUs: number,
): Reading {
  const parts = partsOfToken(limit)
  const level = levelAt(limit, rates.get(key), nowUs)
  const filled = level + fillOf(limit, cost)
  const excess = filled - limit.burst * parts
  return {
    isExceeded: excess > 0,
    commit: () => rates.set(key, { level: filled, atUs: nowUs, partsOfToken: parts }),
    state: (isCharged) => rateState(limit, isCharged ? filled : level, excess),
  }
}

function readQuota(
  { quotas }: Memory,
  key: string,
  { count, period }: Extract<Limit, { kind: 'quota' }>,
  cost: number,
  nowMs: number,
): Reading {
  const known = quotas.get(key)
  const nextMs = periodStart(period, nowMs, 1)
  // If the clock was set back to before the end of a period, the next period has begun already and goes on.
  const startMs = known?.startMs === nextMs ? nextMs : periodStart(period, nowMs)
  const used = known?.startMs === startMs ? known.used : 0
  const charged = used + Math.min(cost, count)
  const isExceeded = charged > count
  return {
    isExceeded,
    commit: () => quotas.set(key, { used: charged, startMs }),
    state: (isCharged) => {
      const resetMs = periodStart(period, startMs, 1) - nowMs
      return {
        isExceeded,
        remaining: Math.max(0, count - (isCharged ? charged : used)),
        retryAfterMs: isExceeded ? resetMs : 0,
        resetMs,
      }
    },
  }
}

function readConcurrency(
  { running }: Memory,
  key: string,
  { count }: Extract<Limit, { kind: 'concurrency' }>,
): Reading {
  const others = running.get(key) ?? 0
  const isExceeded = others >= count
  return {
    isExceeded,
    commit: () => addTo(running, key, 1),
    state: (isCharged) => ({
      isExceeded,
      remaining: Math.max(0, count - others - Number(isCharged)),
      retryAfterMs: isExceeded ? 1000 : 0,
      resetMs: 0,
    }),
  }
}
