import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allow } from '../src/policy.ts'
import { reject } from '../src/problem.ts'
import { runChecks } from '../src/stages.ts'
import { requestContext } from './support/request.ts'

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

test('a stage without promises is decided at once', () => {
  assert.equal(runChecks([{ name: 'one', check: () => allow }], requestContext()), allow)
})
