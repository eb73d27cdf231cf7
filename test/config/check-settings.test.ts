import assert from 'node:assert/strict'
import { test } from 'node:test'
import { globex } from '../support/gateway.ts'
import { faultTextOf } from './config-faults.ts'

test('names what is missing', async () => {
  const gateway = { listen: { host: '127.0.0.1', port: 0 }, audit: { stdout: true } }
  assert.match(await faultTextOf({ gateway }), /\/magento: expected a value, it is missing/)
})

test('names each of many wrong entries of a list', async () => {
  const wrong = Array.from({ length: 30 }, (_, index) => `FETCH /V1/x${index}`)
  const told = await faultTextOf({
    integrations: { a: { ...globex, policies: { routes: wrong } } },
  })
  const entries = [...told.matchAll(/\/policies\/routes\/(\d+): expected a method/g)]
  assert.deepEqual(
    entries.map(([, index]) => Number(index)),
    wrong.map((_, index) => index),
  )
})

test('names keys that are not routes, and says what a key must be', async () => {
  const policies = {
    ...globex.policies,
    rateLimit: { rate: '20/s', routes: { PATCH: { rate: '1/s' } } },
    cache: { 'GET V1/products': { ttlSeconds: 1 } },
    requestSchema: { 'GET /V1/products': 'p.json', 'POT /V1/products': 'p.json' },
  }
  const told = await faultTextOf({ integrations: { a: { ...globex, policies } } })
  assert.match(told, /\/rateLimit\/routes\/PATCH: expected a method, or a method and a path/)
  assert.match(told, /\/cache\/GET V1~1products: expected a method and a path, such as GET/)
  assert.match(told, /\/GET ~1V1~1products: expected a method that writes and a path, such as/)
  assert.match(told, /\/POT ~1V1~1products: expected a method that writes and a path, such as/)
})
