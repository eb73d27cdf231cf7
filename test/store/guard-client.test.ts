import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cluster } from 'ioredis'
import { pino } from 'pino'
import { guardClient } from '../../src/store/guard-client.ts'
import { openRedisClient } from '../../src/store/redis-client.ts'
import { startCluster } from '../support/redis-topologies.ts'

test('a client of a cluster is connected to each of its nodes before the first question', async () => {
  await using cluster = await startCluster()
  using stack = new DisposableStack()
  const deadlineMs = 5_000
  const redis = openRedisClient({ nodes: cluster.addresses, access: {} }, deadlineMs)
  stack.defer(() => redis.disconnect())
  const log = pino({ enabled: false })
  const guard = await guardClient(redis, { deadlineMs, log, shared: 'limits' })
  stack.defer(guard.close)
  assert.ok(redis instanceof Cluster)
  assert.deepEqual(
    redis.nodes('master').map(({ status }) => status),
    ['ready', 'ready', 'ready'],
  )
})
