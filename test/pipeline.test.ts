import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policies, steps } from '../src/pipeline.ts'

test('policies stand in the order of their stages, each under a name and a key of its own', () => {
  const order = ['admit', 'authenticate', 'authorize']
  const stages = policies.map(({ stage }) => order.indexOf(stage))
  assert.deepEqual(stages, [...stages].sort())
  const names = [...steps, ...policies].map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  const keys = policies.map(({ section, key }) => `${section}.${key}`)
  assert.equal(new Set(keys).size, keys.length)
})

test('an integration that says nothing of these policies is held to them all the same', () => {
  const standing = policies.flatMap(({ name, absent }) =>
    absent === undefined ? [] : [[name, absent]],
  )
  assert.deepEqual(Object.fromEntries(standing), {
    'admin-token-origin': [],
    'replay-guard': { onStoreFailure: 'refuseWrites' },
    'route-grant': [],
    'audit-details': {},
    'json-body': { depth: 64, members: 250_000, otherTypes: {} },
    'composed-endpoint': 'compose',
    'known-attacks': { except: {} },
    'sensitive-routes': { perAddress: '60/min', perSubject: '10/min' },
    'search-criteria': {},
    'deferred-write': {},
    'magento-schema': { mode: 'enforce', routes: {}, answers: [] },
    'request-schema': {},
    idempotency: { keepHours: 24, required: [] },
    'repeat-guard': { windowMs: 10_000 },
  })
})
