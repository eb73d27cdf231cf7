import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { globexHeaders, problemOf, send } from '../support/http-client.ts'
import type { Fault } from '../support/magento/fault.ts'
import type { MagentoStandIn } from '../support/magento/stand-in.ts'
import { startMagento } from '../support/magento-for-tests.ts'

let magento: MagentoStandIn
let gateway: TestGateway
before(async () => {
  magento = await startMagento()
  gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { magento: { timeouts: { headersMs: 1000, bodyMs: 1000, totalMs: 1500 } } },
  })
})
afterEach(() => magento.reset())
after(async () => {
  await gateway[Symbol.asyncDispose]()
  await magento.close()
})

const write = {
  method: 'POST',
  path: '/rest/V1/magefine/inventaire',
  headers: { ...globexHeaders, 'Content-Type': 'application/json' },
  body: '{"sku":"my-sku-123","qty":15}',
}
const read = { headers: globexHeaders }

const faults: [Fault, number, string][] = [
  [{ kind: 'refuse' }, 502, 'upstream-unreachable'],
  [{ kind: 'reset' }, 502, 'upstream-failed'],
  [{ kind: 'reset-mid-body' }, 502, 'upstream-failed'],
  [{ kind: 'wrong-content-length' }, 502, 'upstream-failed'],
  [{ kind: 'stall' }, 504, 'upstream-timeout'],
  [{ kind: 'drip', bytesPerInterval: 1, intervalMs: 200 }, 504, 'upstream-timeout'],
  [{ kind: 'maintenance' }, 503, 'upstream-unavailable'],
  [{ kind: 'html-error', status: 500 }, 502, 'upstream-error'],
  [{ kind: 'html-error', status: 502 }, 502, 'upstream-error'],
  [{ kind: 'html-error', status: 504 }, 504, 'upstream-timeout'],
]

for (const [fault, status, code] of faults) {
  describe(`Magento that answers with ${JSON.stringify(fault)}`, () => {
    for (const [name, request] of Object.entries({ write, read })) {
      test(`gives a ${name} ${status} ${code}, sent at most once, without a word of what is behind`, async () => {
        await magento.setFault(fault)
        const answer = await send(gateway.url, request)
        assert.equal(answer.status, status)
        const problem = problemOf(answer)
        assert.equal(problem.code, code)
        assert.equal(problem.requestId, answer.headers['x-request-id'])
        assert.ok(magento.received.length <= 1)
        assert.ok(!answer.body.includes(String(magento.port)))
        assert.ok(!answer.body.includes('<'))
      })
    }
  })
}

test('a JSON error of Magento passes unchanged, Retry-After too', async () => {
  await magento.setFault({ kind: 'unavailable', retryAfter: 7 })
  const answer = await send(gateway.url, read)
  assert.equal(answer.status, 503)
  assert.equal(answer.headers['retry-after'], '7')
  assert.equal(problemOf(answer).code, undefined)
  assert.equal(magento.received.length, 1)
})

test('an endless answer is cut off in time and its connection given up', async () => {
  const { length } = await gateway.auditRecords(1)
  await magento.setFault({ kind: 'endless-body' })
  await assert.rejects(send(gateway.url, read))
  assert.equal((await gateway.auditRecords(length + 1)).at(-1)?.code, 'upstream-timeout')
})

test('it serves again as soon as Magento does', async () => {
  await magento.setFault({ kind: 'refuse' })
  assert.equal((await send(gateway.url, read)).status, 502)
  await magento.clearFault()
  assert.equal((await send(gateway.url, read)).status, 200)
})
