import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { Redis } from 'ioredis'
import { Secret } from '../../src/contract/secret.ts'
import { openRedisStream } from '../../src/store/redis-stream.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis, withClient } from '../support/redis.ts'

const demotions = [
  {
    name: 'has become a replica',
    code: 'READONLY',
    demote: (client: Redis) => client.replicaof('127.0.0.1', 1),
    promote: (client: Redis) => client.replicaof('NO', 'ONE'),
  },
  {
    name: 'is cut off from its replicas',
    code: 'NOREPLICAS',
    demote: (client: Redis) => client.config('SET', 'min-replicas-to-write', 1),
    promote: (client: Redis) => client.config('SET', 'min-replicas-to-write', 0),
  },
]

for (const { name, code, demote, promote } of demotions) {
  test(`a stream whose server ${name} connects again, since another may be there now`, async () => {
    await using redis = await startRedis()
    using stack = new DisposableStack()
    const stream = openRedisStream(new Secret(redis.url), 'checkpoints')
    stack.defer(stream.close)
    await stream.append('before')
    await withClient(redis.url, async (client) => {
      const own = await client.client('ID')
      const others = async () =>
        [...String(await client.client('LIST')).matchAll(/^id=(\d+)/gm)].filter(
          ([, id]) => Number(id) !== own,
        )
      const [[, connection = ''] = []] = await others()
      await demote(client)
      await assert.rejects(stream.append('refused'), new RegExp(`^Error: ${code}`))
      const isAnother = ([, id]: RegExpExecArray) => id !== connection
      while (!(await others()).some(isAnother)) await delay(5)
      await promote(client)
      await stream.append('after')
      assert.equal(await client.xlen('checkpoints'), 2)
    })
  })
}

test('what a stream says of a refused password does not have it', async () => {
  await using redis = await startRedis('--requirepass', 'the-right-one')
  const url = new URL(redis.url)
  url.password = 'wrong-0123'
  using stack = new DisposableStack()
  const stream = openRedisStream(new Secret(url.href), 'checkpoints')
  stack.defer(stream.close)
  await assert.rejects(stream.append('line'), (error: Error) => {
    assert.match(error.message, /^WRONGPASS/)
    assert.ok(!inspect(error).includes('wrong-0123'))
    return true
  })
})

test('a stream whose server cannot be reached tells why', async () => {
  const stream = openRedisStream(new Secret(`redis://127.0.0.1:${await freePort()}`), 'checkpoints')
  await assert.rejects(stream.append('a line'), { message: 'no connection: ECONNREFUSED' })
  stream.close()
})
