import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { globex, startGateway } from '../support/gateway.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { answerInGzip } from './answer-in-gzip.ts'

const route = 'GET /V1/products/:sku'
const magentoSchema = {
  swagger: '2.0',
  paths: {
    '/V1/products/{sku}': {
      get: {
        parameters: [{ name: 'sku', in: 'path', type: 'string' }],
        responses: { 200: { schema: { $ref: '#/definitions/product' } } },
      },
    },
  },
  definitions: {
    product: {
      type: 'object',
      properties: { sku: { type: 'string' }, price: { type: 'number' } },
    },
  },
}

/** Asks once for an answer, and says what the caller got and how much drift was counted. */
async function ask(body: string, answers: readonly string[], status = '200 OK', others = {}) {
  await using upstream = await startRawUpstream((socket, request) =>
    answerInGzip(socket, request, body, status),
  )
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    magentoSchema,
    integrations: [
      { ...globex, policies: { ...others, routes: [route], magentoSchema: { answers } } },
    ],
  })
  const answer = await send(gateway.url, {
    headers: { ...globexHeaders, 'Accept-Encoding': 'gzip' },
  })
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
  const drift = /^magegate_answer_drift_total\{.*route="(.*)"\} (\d+)$/m.exec(metrics)
  return { body: answer.body, drift: drift?.slice(1) }
}

describe('an answer of a route whose answers are checked', () => {
  const cases: [string, string, boolean, string?][] = [
    ['is counted when a member has another type', '{"sku":"a","price":"much"}', true],
    ['is counted when a member is new', '{"sku":"a","cost":1}', true],
    ['is counted when it is no JSON', '{"sku":', true],
    ['is not counted when it is as the schema has it', '{"sku":"a","price":1.5}', false],
    ['is not counted when it has a part of it only, as with fields', '{"sku":"a"}', false],
    ['is not counted when it is an error', '{"message":"no"}', false, '404 Not Found'],
  ]
  for (const [name, body, isDrift, status] of cases) {
    test(`${name}, and is passed on unchanged`, async () => {
      const answer = await ask(body, [route], status)
      assert.equal(answer.body, body)
      assert.deepEqual(answer.drift, isDrift ? [route, '1'] : undefined)
    })
  }
})

test('an answer of more than 64 KiB is not looked at, even if it is kept', async () => {
  const cache = { [route]: { ttlSeconds: 60 } }
  for (const [length, isDrift] of [
    [65_536, true],
    [65_537, false],
  ] as const) {
    const body = `{"cost":1}${' '.repeat(length - '{"cost":1}'.length)}`
    const answer = await ask(body, [route], '200 OK', { cache })
    assert.deepEqual(answer.drift, isDrift ? [route, '1'] : undefined)
  }
})

test('an answer of another route is not looked at', async () => {
  assert.equal((await ask('{"cost":1}', [])).drift, undefined)
})
