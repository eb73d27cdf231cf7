import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { pino } from 'pino'
import { endpoints } from '../../src/endpoints/endpoints.ts'
import type { Magento } from '../../src/forward/magento.ts'
import { buildGateway } from '../../src/gateway.ts'
import type { Integration } from '../../src/generation/integration.ts'
import { prepareRespond } from '../../src/generation/respond.ts'
import { answerSettings } from '../support/answer-settings.ts'
import { globex, loadedConfig } from '../support/gateway.ts'
import { globexHeaders, problemOf, send } from '../support/http-client.ts'
import { requestContext } from '../support/request.ts'
import { temporaryFolder } from '../support/shared.ts'

test('a defect where requests are answered ends its request with 500, recorded, and keeps nothing from stopping', async () => {
  const auditFile = join(await temporaryFolder(), 'audit.jsonl')
  const policies = { routes: ['GET /V1/magefine/inventaire/:sku'] }
  const options = { magentoUrl: 'http://127.0.0.1:9', integrations: [{ ...globex, policies }] }
  const config = await loadedConfig(options, auditFile)
  const gateway = await buildGateway(config)
  const { url } = await gateway.start()
  const path = '/openapi.json'
  const other = await send(url, { path: '/rest/V1/none', headers: globexHeaders })
  assert.equal(other.status, 403)
  // The defect: what the document is made of throws when it is read.
  Object.defineProperty(config.integrations[0], 'credentials', {
    get: () => {
      throw new TypeError('inner workings')
    },
  })
  const answer = await send(url, { path, headers: globexHeaders })
  assert.equal(answer.status, 500)
  assert.equal(problemOf(answer).code, 'internal-error')
  assert.ok(!answer.body.includes('inner workings'))
  await gateway.stop()
  const [, line = '', ...others] = (await readFile(auditFile, 'utf8')).trimEnd().split('\n')
  const { status, code, reason } = JSON.parse(line)
  assert.deepEqual(
    { status, code, reason },
    { status: 500, code: 'internal-error', reason: 'TypeError' },
  )
  assert.deepEqual(others, [])
})

/** What answers the requests of one integration, whose Magento is this one. */
function respondWith(upstream: Partial<Magento>) {
  return prepareRespond({
    integrations: new Map([[globex.name, {} as Integration]]),
    upstream: upstream as Magento,
    answers: answerSettings,
    cache: undefined,
    totalMs: 60_000,
    jobs: undefined,
    log: pino({ level: 'silent' }),
  })
}

test('a defect while Magento is asked ends its request with 500 as well', async () => {
  const respond = respondWith({
    forward: async () => {
      throw new TypeError('inner workings')
    },
  })
  const request = requestContext()
  request.verified = globex.name
  const over = Promise.withResolvers<void>()
  await using server = createServer((_, response) => respond(request, response, over.resolve))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const answer = await send(`http://127.0.0.1:${port}`)
  assert.equal(problemOf(answer).code, 'internal-error')
  assert.ok(!answer.body.includes('inner workings'))
  await over.promise
})

test('a request whose caller has gone by then ends at once, without Magento', () => {
  const request = requestContext()
  request.verified = globex.name
  const response = new ServerResponse(new IncomingMessage(new Socket())).destroy()
  let ends = 0
  respondWith({})(request, response, () => {
    ends += 1
  })
  assert.deepEqual([ends, request.outcome?.code], [1, 'client-closed'])
})

test('all calls of an endpoint together may take as long as one request', async (t) => {
  let nowMs = 0
  t.mock.method(performance, 'now', () => nowMs)
  const allowed: unknown[] = []
  const respond = respondWith({
    send: async (_, { withinMs }) => {
      allowed.push(withinMs)
      nowMs += 40_000
      return { status: 200, contentType: 'application/json', body: Buffer.from('{}') }
    },
  })
  const [builtIn] = endpoints
  assert.ok(builtIn)
  const run: typeof builtIn.run = async ({ callMagento }) => {
    const call = { method: 'GET', path: '/V1/orders/1' } as const
    for (let calls = 1; calls < 3; calls += 1) await callMagento(call)
    return callMagento(call)
  }
  const request = requestContext()
  request.verified = globex.name
  request.endpoint = { endpoint: { ...builtIn, run }, variables: new Map() }
  const response = new ServerResponse(new IncomingMessage(new Socket()))
  await new Promise<void>((resolve) => respond(request, response, resolve))
  assert.deepEqual(allowed, [60_000, 20_000])
  assert.equal(request.outcome?.code, 'upstream-timeout')
})
