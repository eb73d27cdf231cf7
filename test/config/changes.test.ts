import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeChanges } from '../../src/config/changes.ts'
import { changedPointers } from '../../src/config/same-settings.ts'
import type { Config } from '../../src/config.ts'
import { Secret } from '../../src/contract/secret.ts'

test('settings that differ are named, and lists as a whole', () => {
  const before = {
    same: { secret: new Secret('a'), list: [1], compiled: () => 1, absent: undefined },
    secret: new Secret('a'),
    'a/list': [1, 2],
    kind: [1],
    left: 1,
    within: { number: 1, text: 'a' },
  }
  const after = {
    same: { secret: new Secret('a'), list: [1], compiled: () => 2 },
    secret: new Secret('b'),
    'a/list': [1, 3],
    kind: { 0: 1 },
    within: { number: 2, text: 'a' },
    added: 1,
  }
  const pointers = ['/added', '/a~1list', '/kind', '/left', '/secret', '/within/number']
  assert.deepEqual(changedPointers(before, after).sort(), pointers)
  assert.deepEqual(changedPointers(after, before).sort(), pointers)
})

test('endpoints and the schema of the shop are among what changes', async () => {
  const config = { gateway: {}, integrations: [], endpoints: [] } as unknown as Config
  const changesOf = async (next: object) => {
    const { endpoints, magentoSchema } = await describeChanges(config, { ...config, ...next })
    return { endpoints, magentoSchema }
  }
  assert.deepEqual(await changesOf({ endpoints: [{ route: 'GET /V1/erp/a' }] }), {
    endpoints: true,
    magentoSchema: false,
  })
  assert.deepEqual(await changesOf({ magentoSchema: { swagger: '2.0' } }), {
    endpoints: false,
    magentoSchema: true,
  })
})
