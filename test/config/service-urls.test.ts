import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { testEnv } from '../support/gateway.ts'
import { configFaults } from './config-faults.ts'

const { privateKey } = generateKeyPairSync('ed25519')
const KEY = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

const faultsOf = (
  gateway: Readonly<Record<string, object>>,
  urls: Readonly<Record<string, string>> = {},
) => configFaults({ gateway, env: { ...testEnv, KEY, ...urls } })

test('a port out of range is refused for a node of Redis', async () => {
  const faults = await faultsOf({ store: { cluster: { nodes: ['redis:65535', 'redis:65536'] } } })
  const expected = 'a host and a port, such as 10.0.0.5:26379'
  assert.deepEqual([...faults], [['/store/cluster/nodes/1', expected]])
})

test('a database of Redis must be a number', async () => {
  const expected =
    'a reference to a redis:// or rediss:// URL, with the number of a database or none'
  const faultOf = async (path: string) => {
    const REDIS = `redis://:a-password-of-it@127.0.0.1:1${path}`
    return (await faultsOf({ store: { redis: 'env:REDIS' } }, { REDIS })).get('/store/redis')
  }
  assert.equal(await faultOf('/shop'), expected)
  assert.equal(await faultOf('/1/2'), expected)
  for (const path of ['', '/', '/15']) assert.equal(await faultOf(path), undefined, path)
})

test('a URL of Redis is refused in a spelling with which no TLS would be used', async () => {
  const refused = [
    'REDISS://redis',
    'rediss:redis',
    ' rediss://redis',
    'rediss:/redis',
    'redis://[',
  ]
  const copyTo = { redis: { url: 'env:REDIS', stream: 's' } }
  const gateway = {
    store: { redis: 'env:REDIS' },
    audit: { checkpoints: { key: 'env:KEY', copyTo } },
  }
  const both = ['/store/redis', '/audit/checkpoints/copyTo/redis/url']
  for (const REDIS of ['rediss://redis', ...refused]) {
    const faults = await faultsOf(gateway, { REDIS })
    assert.deepEqual([...faults.keys()], refused.includes(REDIS) ? both : [], REDIS)
  }
})

test('the URL of a service that has no password may be as short as its name', async () => {
  const urls = { REDIS: 'redis://redis', AMQP: 'amqp://mq', RECEIVER: 'http://audit' }
  const copyTo = { url: 'env:RECEIVER', redis: { url: 'env:REDIS', stream: 's' } }
  const gateway = {
    store: { redis: 'env:REDIS' },
    jobs: { rabbitmq: 'env:AMQP' },
    audit: { checkpoints: { key: 'env:KEY', copyTo } },
  }
  assert.deepEqual([...(await faultsOf(gateway, urls))], [])
})

test('copies of checkpoints need a URL of their kind, which no fault repeats', async () => {
  const copyTo = { url: 'env:WRONG', redis: { url: 'env:WRONG', stream: 'checkpoints' } }
  const gateway = { audit: { checkpoints: { key: 'env:KEY', copyTo } } }
  const at = '/audit/checkpoints/copyTo'
  for (const WRONG of [testEnv.ACME_TOKEN, 'ftp://audit.example']) {
    assert.deepEqual(
      [...(await faultsOf(gateway, { WRONG }))],
      [
        [
          `${at}/redis/url`,
          'a reference to a redis:// or rediss:// URL, with the number of a database or none',
        ],
        [`${at}/url`, 'a reference to a http:// or https:// URL'],
      ],
    )
  }
})
