import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policies, steps } from '../src/pipeline.ts'
import { allow } from '../src/policy.ts'
import { problemBody, problems, reject } from '../src/problem.ts'
import { runChecks } from '../src/stages.ts'
import { requestContext } from './support/request.ts'

test('policies stand in the order of their stages, each under a name and a key of its own', () => {
  const order = ['admit', 'authenticate', 'authorize']
  const stages = policies.map(({ stage }) => order.indexOf(stage))
  assert.deepEqual(stages, [...stages].sort())
  const names = [...steps, ...policies].map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  const keys = policies.map(({ section, key }) => `${section}.${key}`)
  assert.equal(new Set(keys).size, keys.length)
})

test('checks run in order until one refuses, and none after it', async () => {
  const ran: string[] = []
  const checkNamed = (name: string, isAsync: boolean, isRefusing: boolean) => ({
    name,
    check: () => {
      ran.push(name)
      const verdict = isRefusing ? reject('bad-request', name) : allow
      return isAsync ? Promise.resolve(verdict) : verdict
    },
  })
  const checks = [
    checkNamed('one', false, false),
    checkNamed('two', true, false),
    checkNamed('three', false, false),
    checkNamed('four', true, true),
    checkNamed('five', false, false),
  ]
  const verdict = await runChecks(checks, requestContext())
  assert.deepEqual(verdict, { ...reject('bad-request', 'four'), policy: 'four' })
  assert.deepEqual(ran, ['one', 'two', 'three', 'four'])
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

test('a stage without promises is decided at once', () => {
  assert.equal(runChecks([{ name: 'one', check: () => allow }], requestContext()), allow)
})

test('every problem has a client or server error status and tells the reason to nobody', () => {
  for (const code of Object.keys(problems) as (keyof typeof problems)[]) {
    const body = problemBody(reject(code, 'the reason'), 'id', 'https://docs.example/problems')
    const problem = JSON.parse(body) as Record<string, unknown>
    assert.ok(Number(problem.status) >= 400 && Number(problem.status) < 600)
    assert.equal(problem.type, `https://docs.example/problems#${code}`)
    assert.ok(!body.includes('the reason'))
  }
})
