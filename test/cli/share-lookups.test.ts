import assert from 'node:assert/strict'
import dns from 'node:dns'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { shareLookups } from '../../src/cli/share-lookups.ts'

test('connections to a name whose DNS servers do not answer share one lookup', async () => {
  const asked: string[] = []
  const held: ((error: Error) => void)[] = []
  const bySystem = dns.lookup
  dns.lookup = ((name: string, _options: object, found: (error: Error) => void) => {
    asked.push(name)
    held.push(found)
  }) as typeof dns.lookup
  try {
    shareLookups()
    for (const _attempt of [1, 2, 3]) connect(6379, 'redis.test').destroy()
    const waiting = connect(6379, 'redis.test')
    const failed = once(waiting, 'error')
    connect(80, 'magento.test').destroy()
    assert.deepEqual(asked, ['redis.test', 'magento.test'])
    const unknown = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
    for (const found of held) found(unknown)
    assert.deepEqual(await failed, [unknown])
    connect(6379, 'redis.test').destroy()
    assert.deepEqual(asked, ['redis.test', 'magento.test', 'redis.test'])
  } finally {
    dns.lookup = bySystem
  }
})
