import { hash } from 'node:crypto'
import { compileContract, type MagentoContract } from '../authorize/magento-contract/contract.ts'
import { sameSettings } from '../config/same-settings.ts'
import type { Config } from '../config.ts'
import { newTokenMemory, type TokenMemory } from '../forward/admin-token/token-cache.ts'
import type { UpstreamGate } from '../forward/gate/upstream-gate.ts'
import { DialectMemory } from '../forward/oauth1/dialect-memory.ts'
import type { AdminCredentials } from '../forward/upstream-settings.ts'
import type { LastingParts } from '../lasting/lasting-parts.ts'
import type { MemoryBuckets } from '../store/memory-buckets.ts'
import { type InheritedMap, inheritFrom } from './inherited-map.ts'
import { gateRules, openMagentoGate } from './magento-gate.ts'

/**
 * What a generation inherits from the one before: state that a reload must not forget, and what would be costly to make
 * again. What it does not need is dropped when the last request of the one before is over.
 */
export interface InheritedState {
  /** State of the limiters of this process. */
  readonly buckets: InheritedMap<MemoryBuckets>
  /** What is known about the tokens of administrators; shared by the same account of the same Magento. */
  readonly tokens: InheritedMap<TokenMemory>
  readonly tokenMemoryOf: (account: AdminCredentials) => TokenMemory
  /** How Magento checks OAuth signatures; shared by the same Magento in the same version. */
  readonly dialect: DialectMemory
  /** Limits what the same Magento is asked at once: what it has counted says nothing about another one. */
  readonly gate: UpstreamGate
  readonly contract: MagentoContract | undefined
}

interface Previous {
  readonly config: Config
  readonly inherited: InheritedState
}

/** Inherits from the previous generation whatever still applies under a configuration. */
export function inheritState(
  config: Config,
  lasting: Pick<LastingParts, 'clock' | 'metrics' | 'log'>,
  previous?: Previous,
): InheritedState {
  const { integrations } = config
  const { url, version } = config.gateway.magento
  const { clock } = lasting
  const names = new Set(integrations.map(({ name }) => name))
  const accounts = new Set(
    integrations.flatMap(({ upstream: { adminToken } }) =>
      adminToken === undefined ? [] : [accountKey(url, adminToken)],
    ),
  )
  const tokens = inheritFrom(previous?.inherited.tokens.own, (account) => accounts.has(account))
  const before = previous?.config.gateway.magento
  const sameMagento = before?.url === url ? previous?.inherited : undefined
  const sameVersion = before?.version === version ? sameMagento : undefined
  return {
    buckets: inheritFrom(
      previous?.inherited.buckets.own,
      // Those of an integration begin with its name and a slash, and the others are of the gateway itself.
      (name) => !name.includes('/') || names.has(name.split('/', 1)[0] ?? ''),
    ),
    tokens,
    tokenMemoryOf: (account) => tokens.take(accountKey(url, account), () => newTokenMemory(clock)),
    dialect: sameVersion?.dialect ?? new DialectMemory(version),
    gate: sameMagento?.gate ?? openMagentoGate(gateRules(config), lasting),
    contract: contractOf(config, previous),
  }
}

function contractOf(config: Config, previous: Previous | undefined): MagentoContract | undefined {
  const { schema, bounds } = contractBasis(config)
  if (previous !== undefined && sameSettings(contractBasis(previous.config), { schema, bounds })) {
    return previous.inherited.contract
  }
  return schema && compileContract(schema, bounds)
}

function contractBasis({ magentoSchema, gateway: { limits } }: Config) {
  const bounds = { maxStringLength: limits.textLength, maxItems: limits.arrayItems }
  return { schema: magentoSchema, bounds }
}

/** Tells accounts apart, without their secrets. */
function accountKey(url: string, { username, password, totpSecret }: AdminCredentials): string {
  const account = [url, username.reveal(), password.reveal(), totpSecret?.reveal()]
  return hash('sha256', JSON.stringify(account))
}
