import type { Logger } from 'pino'
import type { StoreMetrics } from '../record/metrics/store-metrics.ts'
import { memoryAnswers } from './answers/memory-answers.ts'
import { memoryKeys } from './idempotency/memory-keys.ts'
import { type LimitClocks, memoryLimits } from './limits/memory-limits.ts'
import { memoryNonces } from './memory-nonces.ts'
import type { Store, StoreSettings } from './store.ts'

/** Nonces of five minutes, and up to three that they are kept beyond, at 3,000 requests a second; about 230 MiB when full. */
const maxNonces = 1_500_000

/** How much memory idempotency keys and their answers may take. */
const maxKeyBytes = 67_108_864

/**
 * Opens the store: in Redis if there is one, otherwise in the memory of this process, which also stands in for some of
 * it while Redis is away. Resolves after the first attempt to reach Redis, even if that fails. Without Redis nothing of
 * its client is loaded.
 */
export async function openStore(
  settings: StoreSettings,
  clocks: LimitClocks,
  log: Logger,
  metrics: StoreMetrics,
): Promise<Store> {
  const decide = memoryLimits(clocks)
  if (settings.redis !== undefined) {
    const { openRedisStore } = await import('./redis-store.ts')
    return openRedisStore(settings.redis, settings, decide, clocks, log, metrics)
  }
  return {
    decide,
    useNonce: memoryNonces(maxNonces, clocks.monotonic),
    takeKey: memoryKeys(maxKeyBytes, clocks.monotonic),
    answers: memoryAnswers(settings.answerBytes, clocks.monotonic),
    close: () => undefined,
  }
}
