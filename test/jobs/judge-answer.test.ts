import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canBePutBack, judge } from '../../src/jobs/judge-answer.ts'
import { reject } from '../../src/problem.ts'

const answer = (status: number) =>
  judge({ status, contentType: 'application/json', body: Buffer.alloc(0) })

for (const [statuses, judgement] of [
  [[200, 202], 'done'],
  [[301, 400, 403, 404, 409, 500], 'refused'],
  [[401], 'unauthorized'],
  [[429, 503], 'nothing-done'],
  [[502, 504], 'unknown'],
] as const) {
  test(`an answer of Magento with ${statuses.join(' or ')} means ${judgement}`, () => {
    for (const status of statuses) assert.equal(answer(status), judgement, String(status))
  })
}

for (const [codes, judgement] of [
  [
    ['upstream-unreachable', 'upstream-unavailable', 'upstream-busy', 'circuit-open'],
    'nothing-done',
  ],
  [['upstream-failed', 'upstream-timeout', 'upstream-error', 'internal-error'], 'unknown'],
  [['entity-not-found', 'bad-request-target'], 'refused'],
] as const) {
  test(`no answer for ${codes.join(' or ')} means ${judgement}`, () => {
    for (const code of codes) assert.equal(judge(reject(code, 'as it is')), judgement, code)
  })
}

test('nothing was carried out if no connection was made', () => {
  assert.equal(judge(reject('upstream-timeout', 'UND_ERR_CONNECT_TIMEOUT')), 'nothing-done')
  assert.equal(judge(reject('upstream-timeout', 'UND_ERR_HEADERS_TIMEOUT')), 'unknown')
})

test('a job with an unknown end can be put back, and one that Magento refused cannot', () => {
  for (const code of ['expired', 'interrupted', 'upstream-timeout', 'upstream-error'] as const) {
    assert.ok(canBePutBack({ code, detail: '' }), code)
  }
  assert.ok(!canBePutBack({ code: 'entity-not-found', detail: '' }))
})
