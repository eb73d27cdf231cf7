import type { PolicyServices } from '../../src/policy.ts'
import { memoryKeys } from '../../src/store/idempotency/memory-keys.ts'
import { memoryLimits } from '../../src/store/limits/memory-limits.ts'
import { memoryBuckets } from '../../src/store/memory-buckets.ts'
import { memoryNonces } from '../../src/store/memory-nonces.ts'

/** A clock that goes when it is told to; milliseconds. */
export interface TestClock {
  (): number
  advance(byMs: number): void
}

/** A clock that starts at 1,000,000 ms. */
export function testClock(): TestClock {
  let nowMs = 1_000_000
  const clock = () => nowMs
  return Object.assign(clock, {
    advance: (byMs: number) => {
      nowMs += byMs
    },
  })
}

/** Services over real buckets in memory, on a clock of the test's own. */
export function services(clock: () => number = testClock()): PolicyServices {
  const decide = memoryLimits({ monotonic: clock, wall: clock })
  return {
    localLimiter: (_name, limit, keys) => {
      const buckets = memoryBuckets(keys, clock)
      return (key) => buckets.take(key, limit)
    },
    integration: 'acme-erp',
    sharedLimiter: async (charge) => decide(charge),
    sampleTrace: undefined,
    reportRefusal: () => undefined,
    countExceeded: () => undefined,
    penaltyOf: () => 0,
    random: () => 0,
    useNonce: memoryNonces(1000, clock),
    takeKey: memoryKeys(1_000_000, clock),
    clock,
    publicOrigin: { scheme: 'https', authority: 'gateway.example' },
    isPublicOriginKnown: true,
    endpoints: [],
    contract: undefined,
    keepsJobs: false,
    jobLifeMs: 3_600_000,
    isPassthrough: false,
    reportViolations: () => undefined,
    reportDrift: () => undefined,
    spendDecoy: () => undefined,
    isAuditDemandUnmet: () => false,
  }
}
