import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../src/contract/secret.ts'
import { openRedisStream } from '../../src/store/redis-stream.ts'
import { startRedis, withClient } from '../support/redis.ts'

test('a stream whose server has become a replica connects again, since another may be there now', async () => {
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
    await client.replicaof('127.0.0.1', 1)
    await assert.rejects(stream.append('refused'), /^ReplyError: READONLY/)
    const isAnother = ([, id]: RegExpExecArray) => id !== connection
    while (!(await others()).some(isAnother));
    await client.replicaof('NO', 'ONE')
    await stream.append('after')
    assert.equal(await client.xlen('checkpoints'), 2)
  })
})
