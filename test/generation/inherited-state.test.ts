import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { pino } from 'pino'
import type { Config } from '../../src/config.ts'
import { Secret } from '../../src/contract/secret.ts'
import { inheritState } from '../../src/generation/inherited-state.ts'
import { openMetrics } from '../../src/record/metrics.ts'
import { memoryBuckets } from '../../src/store/memory-buckets.ts'
import { acme, globex, loadedConfig } from '../support/gateway.ts'
import { testClock } from '../support/services.ts'
import { temporaryFolder } from '../support/shared.ts'

const clock = testClock()
const lasting = { clock, metrics: openMetrics(), log: pino({ level: 'silent' }) }

const [username, password, totpSecret] = ['env:ACME_TOKEN', 'env:GLOBEX_TOKEN', 'env:TOTP']
const config = await loadedConfig(
  {
    magentoUrl: 'http://127.0.0.1:9',
    integrations: [
      { ...acme, upstream: { adminToken: { username, password, totpSecret } } },
      globex,
    ],
    magentoSchema: { swagger: '2.0', paths: {} },
    env: { TOTP: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' },
  },
  join(await temporaryFolder(), 'audit.jsonl'),
)

/** What the next generation inherits, and has before anybody has asked for anything. */
function next(change: Partial<Config['gateway']> = {}, integrations = config.integrations) {
  const inherited = inheritState(config, lasting)
  const gateway = { ...config.gateway, ...change }
  return {
    inherited,
    after: () => inheritState({ ...config, gateway, integrations }, lasting, { config, inherited }),
  }
}

const account = config.integrations.find(({ name }) => name === acme.name)?.upstream.adminToken
assert.ok(account)

test('what a Magento has shown of itself stays as long as it has its address and version', () => {
  const { magento } = config.gateway
  const kept = next()
  assert.equal(kept.after().dialect, kept.inherited.dialect)
  const renewed = next({ magento: { ...magento, version: '2.4.7' } })
  assert.equal(renewed.after().gate, renewed.inherited.gate)
  assert.notEqual(renewed.after().dialect, renewed.inherited.dialect)
  const moved = next({ magento: { ...magento, url: 'http://127.0.0.2:9' } })
  assert.notEqual(moved.after().gate, moved.inherited.gate)
  assert.notEqual(moved.after().dialect, moved.inherited.dialect)
})

test('the schema of Magento is compiled again only if it or its bounds have changed', () => {
  const { limits } = config.gateway
  const kept = next({ limits: { ...limits } })
  assert.ok(kept.inherited.contract)
  assert.equal(kept.after().contract, kept.inherited.contract)
  for (const bound of [{ textLength: 99 }, { arrayItems: 9 }]) {
    const changed = next({ limits: { ...limits, ...bound } })
    assert.notEqual(changed.after().contract, changed.inherited.contract)
  }
})

test('a token belongs to one account of one Magento, and to all who sign in with the same', () => {
  const { inherited, after } = next()
  const memory = inherited.tokenMemoryOf(account)
  assert.equal(after().tokenMemoryOf({ ...account }), memory)
  for (const other of [
    { username: new Secret('another') },
    { password: new Secret('another') },
    { totpSecret: new Secret('another') },
  ]) {
    assert.notEqual(inherited.tokenMemoryOf({ ...account, ...other }), memory)
  }
  const moved = next({ magento: { ...config.gateway.magento, url: 'http://127.0.0.2:9' } })
  moved.inherited.tokenMemoryOf(account)
  assert.equal(moved.after().tokens.own.size, 0)
})

test('of an integration that is removed nothing stays, and of the others all', () => {
  const { inherited, after } = next(
    {},
    config.integrations.filter(({ name }) => name !== acme.name),
  )
  inherited.tokenMemoryOf(account)
  const names = ['address', 'acme-erp/local', 'globex-pim/local', 'globex-pim/log']
  for (const name of names) inherited.buckets.take(name, () => memoryBuckets(1, clock))
  const { buckets, tokens } = after()
  assert.deepEqual([...buckets.own.keys()], ['address', 'globex-pim/local', 'globex-pim/log'])
  assert.equal(tokens.own.size, 0)
})
