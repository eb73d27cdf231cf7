import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { pemFile } from '../support/tls/pem.ts'
import { faultLinesAt } from './config-faults.ts'

const amqp = 'amqp://magegate:a-password-of-it@rabbit'
const env = {
  ...testEnv,
  AMQP_URL: amqp,
  HTTP_URL: 'http://magegate:a-password-of-it@rabbit',
  REDIS_URL: 'redis://redis:6379/0',
}

/** The faults of jobs kept at such a place, as lines. */
async function faultsOf(jobs: object, store: object = {}): Promise<readonly string[]> {
  const settings = gatewaySettings(
    { magentoUrl: 'http://127.0.0.1:1', gateway: { jobs, store } },
    'a',
  )
  await using files = await writeConfig({ gateway: settings, integrations: { globex } })
  const faults = await faultLinesAt(files.path, env)
  assert.doesNotMatch(faults.join(), /a-password-of-it/)
  return faults
}

const redis = { redis: 'env:REDIS_URL' }
const place = '/jobs: a place for the jobs: either file or rabbitmq'

test('jobs have one place: a file, or RabbitMQ with a Redis beside it', async () => {
  assert.deepEqual(await faultsOf({ file: 'jobs.sqlite' }), [])
  const nodes = ['redis:6379']
  for (const store of [redis, { sentinel: { primary: 'p', nodes } }, { cluster: { nodes } }]) {
    assert.deepEqual(await faultsOf({ rabbitmq: 'env:AMQP_URL' }, store), [])
  }
  assert.deepEqual(await faultsOf({}), [place])
  assert.deepEqual(await faultsOf({ file: 'jobs.sqlite', rabbitmq: 'env:AMQP_URL' }, redis), [
    place,
  ])
  assert.deepEqual(await faultsOf({ rabbitmq: 'env:AMQP_URL' }), [
    '/store: a Redis, which has the states of jobs in RabbitMQ',
  ])
  // A Redis with a fault of its own is not missed besides.
  assert.deepEqual(await faultsOf({ rabbitmq: 'env:AMQP_URL' }, { cluster: { nodes: 'redis' } }), [
    '/store/cluster/nodes: array',
  ])
})

test('RabbitMQ is reached by amqp or amqps, and its URL is no part of a fault', async () => {
  assert.deepEqual(await faultsOf({ rabbitmq: 'env:HTTP_URL' }, redis), [
    '/jobs/rabbitmq: a reference to an amqp:// or amqps:// URL',
  ])
  const [fault] = await faultsOf({ rabbitmq: amqp }, redis)
  assert.match(String(fault), /^\/jobs\/rabbitmq: a reference to a secret/)
})

test('authorities for RabbitMQ are refused where it is not reached by TLS', async () => {
  const jobs = { rabbitmq: 'env:AMQP_URL', rabbitmqCaFile: pemFile('ca.cert') }
  assert.deepEqual(await faultsOf(jobs, redis), [
    '/jobs/rabbitmqCaFile: an amqps:// URL in /jobs/rabbitmq',
  ])
})
