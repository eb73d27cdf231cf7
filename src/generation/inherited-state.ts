import { hash } from 'node:crypto'
import { compileContract, type MagentoContract } from '../authorize/magento-contract/contract.ts'
import { sameSettings } from '../config/same-settings.ts'
import type { Config } from '../config.ts'
import type { AdminCredentials } from '../forward/admin-token/admin-credentials.ts'
import { newTokenMemory, type TokenMemory } from '../forward/admin-token/token-cache.ts'
import { type DialectMemory, dialectMemoryFor } from '../forward/oauth1/dialect-memory.ts'
import type { MemoryBuckets } from '../store/memory-buckets.ts'
import { type InheritedMap, inheritFrom } from './inherited-map.ts'

/**
 * What a generation inherits from the one before: state that a reload must not forget, and what would be costly to make
 * again. What it does not ask for is dropped when the last request of the one before is over.
 */
export interface InheritedState {
  /** State of the limiters of this process. */
  readonly buckets: InheritedMap<MemoryBuckets>
  /** What is known about the token of an administrator; shared by the same account of the same Magento. */
  readonly tokenMemoryOf: (account: AdminCredentials) => TokenMemory
  /** How Magento checks OAuth signatures; shared by the same Magento in the same version. */
  readonly dialect: DialectMemory
  readonly contract: MagentoContract | undefined
  /** What only the next generation looks at. */
  readonly tokens: InheritedMap<TokenMemory>
  readonly dialects: InheritedMap<DialectMemory>
  readonly contractOf: readonly [schema: Config['magentoSchema'], sizes: object]
}

/**
 * Inherits from the previous generation whatever still applies under a configuration.
 * @param clock milliseconds, never going back
 */
export function inheritState(
  { gateway: { limits, magento }, integrations, magentoSchema }: Config,
  clock: () => number,
  previous?: InheritedState,
): InheritedState {
  const { url, version } = magento
  const names = new Set(integrations.map(({ name }) => name))
  const buckets = inheritFrom(previous?.buckets.own, (name) =>
    names.has(name.split('/', 1)[0] ?? ''),
  )
  const accounts = new Set(
    integrations.flatMap(({ upstream: { adminToken } }) =>
      adminToken === undefined ? [] : [accountKey(url, adminToken)],
    ),
  )
  const tokens = inheritFrom(previous?.tokens.own, (account) => accounts.has(account))
  const dialects = inheritFrom(previous?.dialects.own)
  const sizes = { maxStringLength: limits.textLength, maxItems: limits.arrayItems }
  const contractOf = [magentoSchema, sizes] as const
  const isSameContract = sameSettings(previous?.contractOf, contractOf)
  return {
    buckets,
    tokenMemoryOf: (account) => tokens.take(accountKey(url, account), () => newTokenMemory(clock)),
    dialect: dialects.take(JSON.stringify([url, version]), () => dialectMemoryFor(version)),
    contract: isSameContract
      ? previous?.contract
      : magentoSchema && compileContract(magentoSchema, sizes),
    tokens,
    dialects,
    contractOf: isSameContract && previous ? previous.contractOf : contractOf,
  }
}

/** Tells accounts apart, without their secrets. */
function accountKey(url: string, { username, password, totpSecret }: AdminCredentials): string {
  const account = [url, username.reveal(), password.reveal(), totpSecret?.reveal()]
  return hash('sha256', JSON.stringify(account))
}
