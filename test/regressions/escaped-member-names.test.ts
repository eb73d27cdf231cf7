/*
 * Node's JSON.parse can read a member name with an escape as another name, which an earlier text had at the
 * same place: the name that was met begins, letter by letter, as the escaped one is written (nodejs/node issue
 * 63785, in V8). Who sends two bodies, the first one to prepare the second, had the gateway look for names
 * that are not there, while PHP read those that are: past the search for names of known attacks, past the
 * refusal of duplicates, past a schema, past the cost of a list.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adminTokenOrigin } from '../../src/admit/admin-token-origin.ts'
import { compileCost } from '../../src/authorize/limits/request-cost.ts'
import { parseStrictJson } from '../../src/authorize/strict-json.ts'
import type { Endpoint } from '../../src/contract/endpoint.ts'
import type { Integration } from '../../src/generation/integration.ts'
import { prepareJobSenders } from '../../src/generation/job-senders.ts'
import type { JobRequest } from '../../src/jobs/job-payload.ts'
import { allow } from '../../src/policy.ts'
import { compileBodyRedaction } from '../../src/record/redaction/body-redaction.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'

const prepare = String.raw`{"a":0,"\\u0064ata":1}`

test('a name is read as it is written, whatever was read before', () => {
  JSON.parse(prepare)
  const parsed = parseStrictJson(Buffer.from(String.raw`{"a":0,"\u0064ataIsURL":1}`))
  assert.ok('names' in parsed)
  assert.deepEqual([...parsed.names], ['a', 'dataIsURL'])
  assert.deepEqual(parsed.value, { a: 0, dataIsURL: 1 })
})

test('a duplicate is one, whatever was read before', () => {
  for (const spelling of [String.raw`\u0073ku`, String.raw`s\u006bu`, String.raw`sk\u0075`]) {
    JSON.parse(`{"sku":0,${JSON.stringify(spelling.slice(0, 3))}:1}`)
    const parsed = parseStrictJson(Buffer.from(`{"sku":"a","${spelling}":"b"}`))
    assert.ok('fault' in parsed, spelling)
  }
})

test('the token of an administrator is one, whatever was read before', () => {
  const checkOrigin = adminTokenOrigin.prepare([], services())
  const tokenOf = (payload: string) =>
    `Bearer e30.${Buffer.from(payload).toString('base64url')}.${'a'.repeat(43)}`
  JSON.parse(String.raw`{"uid":1,"\\u0075":0}`)
  const verdictOn = (authorization: string) => {
    const request = requestContext({ headers: { Authorization: authorization } })
    request.claimed = { integration: 'acme-erp', by: 'certificate' }
    return checkOrigin(request)
  }
  assert.notEqual(verdictOn(tokenOf(String.raw`{"uid":1,"\u0075typid":2}`)), allow)
  const opaque = tokenOf(String.raw`no claims, \ and nothing that PHP could read`)
  assert.equal(verdictOn(opaque), allow)
  assert.equal(verdictOn(tokenOf('{"uid":1,"utypid":3}')), allow)
})

test('a list costs what its items cost, whatever was read before', () => {
  const cost = compileCost({ items: '/dataIsURL' })
  JSON.parse(prepare)
  const body = String.raw`{"a":0,"\u0064ataIsURL":[1,2,3]}`
  assert.equal(cost(requestContext({ method: 'POST', body })), 3)
})

test('what a credential holds is not shown, whatever was read before', () => {
  const show = compileBodyRedaction(
    (name) => name === 'password',
    (line) => line,
  )
  JSON.parse(String.raw`{"shown":0,"\\u0070as":1}`)
  const body = String.raw`{"shown":0,"\u0070assword":"hidden"}`
  for (const shown of [body, JSON.stringify({ within: body })]) {
    assert.doesNotMatch(show(Buffer.from(shown), 1000), /hidden/)
  }
  // A name that cannot be written without an escape hides what is around it.
  const unclear = String.raw`{"shown":0,"\u0070ass\"":"hidden"}`
  for (const shown of [unclear, JSON.stringify({ within: unclear })]) {
    assert.doesNotMatch(show(Buffer.from(shown), 1000), /hidden/)
  }
})

test('the body of a job is what was checked, whatever was read before', async () => {
  const echo: Endpoint = {
    routes: ['POST /V1/echo'],
    summary: 'Answers with the body.',
    answers: {},
    run: async ({ body }) => ({ status: 200, body }),
  }
  const senderOf = prepareJobSenders({
    integrations: new Map([['acme-erp', {} as Integration]]),
    upstream: { send: () => Promise.reject(new Error('nothing is sent')) },
    cache: undefined,
    endpoints: [echo],
    enter: () => undefined,
    leave: () => undefined,
  })
  const request = {
    job: { method: 'POST' },
    segments: ['V1', 'echo'],
    body: Buffer.from(String.raw`{"a":0,"\u0064ataIsURL":1}`),
  } as unknown as JobRequest
  JSON.parse(prepare)
  const answer = await senderOf('acme-erp')?.compose({} as never, request, {} as never)
  assert.ok(answer !== undefined && 'body' in answer)
  assert.equal(answer.body.toString(), '{"a":0,"dataIsURL":1}')
})
