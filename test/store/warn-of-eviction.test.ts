import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { prepareEvictionWarning } from '../../src/store/warn-of-eviction.ts'

test('a Redis that may evict keys is warned of once, however often it is back, until that changes', async () => {
  const policies: string[] = []
  const write = (line: string) => policies.push(JSON.parse(line).maxmemoryPolicy)
  let memory = ''
  const redis = { info: async () => memory }
  const look = prepareEvictionWarning(redis, pino({}, { write }))
  for (const [maxmemory, policy] of [
    [0, 'allkeys-lru'],
    [100, 'noeviction'],
    [100, 'allkeys-lru'],
    [100, 'allkeys-lru'],
    [100, 'volatile-lru'],
    [0, 'volatile-lru'],
    [100, 'volatile-lru'],
  ]) {
    memory = `# Memory\r\nmaxmemory:${maxmemory}\r\nmaxmemory_policy:${policy}\r\n`
    await look()
    // As where Redis is away again before it has answered.
    memory = ''
    await look()
  }
  assert.deepEqual(policies, ['allkeys-lru', 'volatile-lru', 'volatile-lru'])
})
