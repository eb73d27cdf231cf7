import type { Logger } from 'pino'
import { prepareDecoy } from './authenticate/decoy.ts'
import { compileContract } from './authorize/magento-contract/contract.ts'
import { publicOrigin } from './config/public-origin.ts'
import type { Config } from './config.ts'
import { endpoints } from './endpoints/endpoints.ts'
import type { LastingParts } from './lasting-parts.ts'
import type { Services, SharedLimiter } from './policy.ts'
import { type MemoryBuckets, memoryBuckets } from './store/memory-buckets.ts'

/** Buckets of this process, by the name of their limiter. */
export type NamedBuckets = Map<string, MemoryBuckets>

/**
 * Makes what the policies of one configuration may use of the world.
 * @param buckets those of the configuration before; the limiters of this one go on with them
 * @param own filled with those that this one uses
 */
export function prepareServices(
  { gateway, endpoints: defined, magentoSchema }: Config,
  { clock, log, metrics, store, penalties, isAuditDemandUnmet }: LastingParts,
  sharedLimiter: SharedLimiter,
  { buckets, own }: { readonly buckets: NamedBuckets; readonly own: NamedBuckets },
): Services {
  const { listen, limits } = gateway
  const origin = publicOrigin(listen)
  return {
    localLimiter: (name, limit, keys) => {
      const kept = buckets.get(name) ?? memoryBuckets(keys, clock)
      own.set(name, kept)
      return (key) => kept.take(key, limit)
    },
    sharedLimiter,
    countExceeded: metrics.limitExceeded,
    penaltyOf: penalties.penaltyOf,
    random: Math.random,
    useNonce: store.useNonce,
    idempotencyKeys: store.idempotencyKeys,
    clock: Date.now,
    publicOrigin: origin,
    // Those of the shop go before those that the gateway brings along.
    endpoints: [...defined, ...endpoints],
    contract:
      magentoSchema &&
      compileContract(magentoSchema, {
        maxStringLength: limits.textLength,
        maxItems: limits.arrayItems,
      }),
    reportViolations: reporter(metrics.contractViolated, 'request off the schema of Magento', log),
    reportDrift: reporter(metrics.answerDrifted, 'answer off the schema of Magento', log),
    spendDecoy: prepareDecoy(origin, Date.now),
    isAuditDemandUnmet,
  }
}

/** Counts and logs what is not as a schema has it. */
function reporter(
  count: (integration: string, route: string) => void,
  message: string,
  log: Logger,
): Services['reportViolations'] {
  return ({ requestId, verified = '', route = '' }, violations) => {
    count(verified, route)
    log.warn({ requestId, integration: verified, route, violations }, message)
  }
}
