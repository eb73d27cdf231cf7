import assert from 'node:assert/strict'
import dns from 'node:dns'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { shareLookups } from '../../src/cli/share-lookups.ts'
import { globex, startGateway } from '../support/gateway.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'

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

test('connections to Magento do not wait for the lookup of another one', async () => {
  const bySystem = dns.lookup
  dns.lookup = ((...asked: Parameters<typeof dns.lookup>) => {
    if (asked[0] !== 'localhost') bySystem(...asked)
  }) as typeof dns.lookup
  try {
    shareLookups()
    await using upstream = await startRawUpstream()
    const magentoUrl = upstream.url.replace('127.0.0.1', 'localhost')
    await using gateway = await startGateway({ magentoUrl, integrations: [globex] })
    assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
  } finally {
    dns.lookup = bySystem
  }
})
