import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import type {
  Charge,
  Concurrency,
  Limit,
  LimitState,
  Quota,
  Rate,
} from '../../src/contract/limit.ts'
import { openMetrics } from '../../src/record/metrics.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { RedisLocation } from '../../src/store/redis-client.ts'
import type { Store } from '../../src/store/store.ts'

const key = (kind: string, integration: string) => ({ integration, scope: undefined, kind })

/** A limit of a rate. */
export function rateOf(
  count: number,
  unitSeconds: number,
  burst: number,
  integration = 'acme',
): Rate {
  const facts = { name: 'rate', key: key('rate', integration), isReportOnly: false }
  return { ...facts, kind: 'rate', count, unitSeconds, burst }
}

/** A limit of a calendar period. */
export function quotaOf(count: number, period: Quota['period'], integration = 'acme'): Quota {
  const name = `quota/${period}`
  return { name, key: key(name, integration), isReportOnly: false, kind: 'quota', count, period }
}

/** A limit of requests at once. */
export function concurrencyOf(count: number, integration = 'acme'): Concurrency {
  const facts = { name: 'concurrency', key: key('concurrency', integration), isReportOnly: false }
  return { ...facts, kind: 'concurrency', count }
}

/** A request that is charged on limits. */
export function chargeOn(limits: readonly Limit[], over: Partial<Charge> = {}): Charge {
  return { limits, cost: 1, onStoreFailure: 'local', leaseTokens: 0, ...over }
}

/** What a store decided, where it did. */
export interface Decided {
  readonly isAllowed: boolean
  readonly states: readonly LimitState[]
  readonly release?: (() => void) | undefined
}

/** Asks for a decision that must be one. */
export async function decide(store: Pick<Store, 'decide'>, charge: Charge): Promise<Decided> {
  const decision = await store.decide(charge)
  if (decision.outcome !== 'decided') throw new Error(`it is ${decision.outcome}`)
  return decision
}

/** How many of so many requests, one after the other, are let through. */
export async function allowedOf(
  store: Pick<Store, 'decide'>,
  charge: Charge,
  attempts: number,
): Promise<number> {
  let allowed = 0
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if ((await decide(store, charge)).isAllowed) allowed += 1
  }
  return allowed
}

/** A store of the test's own, and what it logged. */
export interface TestStore extends Disposable {
  readonly store: Store
  readonly lines: readonly string[]
  /** Resolves once a line with this text is there so many times. */
  readonly logged: (text: string, times?: number) => Promise<void>
}

/** Opens a store over Redis that grants half of each limit by itself where Redis misses the deadline. */
export async function openTestStore(
  redis: RedisLocation,
  {
    requestMs = 60_000,
    deadlineMs = 50,
    wall = Date.now,
    monotonic = () => performance.now(),
  } = {},
): Promise<TestStore> {
  const lines: string[] = []
  const log = pino({ base: null, timestamp: false }, { write: (line: string) => lines.push(line) })
  const store = await openStore(
    { redis, deadlineMs, localShare: 0.5, requestMs: () => requestMs, answerBytes: 1_048_576 },
    { monotonic, wall },
    log,
    openMetrics().store,
  )
  return {
    store,
    lines,
    logged: async (text, times = 1) => {
      while (lines.filter((line) => line.includes(text)).length < times) {
        await delay(5)
      }
    },
    // A test that fails half-way must not leave a store that tries to reconnect for ever.
    [Symbol.dispose]: store.close,
  }
}
