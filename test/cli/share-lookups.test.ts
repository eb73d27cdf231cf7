import assert from 'node:assert/strict'
import dns from 'node:dns'
import { once } from 'node:events'
import { syncBuiltinESMExports } from 'node:module'
import { connect } from 'node:net'
import { test } from 'node:test'
import { shareLookups } from '../../src/cli/share-lookups.ts'
import { scrapeUntil } from '../support/metrics.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'

type Found = (error: Error | null, addresses?: readonly dns.LookupAddress[]) => void

/** The lookups of names that the system is not asked for, in the order in which they were asked for. */
const held: { readonly name: string; readonly found: Found }[] = []
const bySystem = dns.lookup
dns.lookup = ((...asked: [name: string, options: object, found: Found]) => {
  const [name, , found] = asked
  if (name.endsWith('.test')) held.push({ name, found })
  else bySystem(...(asked as unknown as Parameters<typeof bySystem>))
}) as typeof dns.lookup
// Whatever is loaded from now on has it as the lookup of the system.
syncBuiltinESMExports()
const { globex, startGateway } = await import('../support/gateway.ts')
const { globexHeaders, send } = await import('../support/http-client.ts')
shareLookups()

const asked = () => held.map(({ name }) => name)

test('connections to a name whose DNS servers do not answer share one lookup', async () => {
  for (const _attempt of [1, 2, 3]) connect(6379, 'redis.test').destroy()
  const waiting = connect(6379, 'redis.test')
  const failed = once(waiting, 'error')
  connect(80, 'other.test').destroy()
  assert.deepEqual(asked(), ['redis.test', 'other.test'])
  const unknown = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
  for (const { found } of held) found(unknown)
  assert.deepEqual(await failed, [unknown])
  connect(6379, 'redis.test').destroy()
  assert.deepEqual(asked(), ['redis.test', 'other.test', 'redis.test'])
})

test('connections to Magento have a second lookup where the first is late, and hold no more', async () => {
  await using upstream = await startRawUpstream()
  const magentoUrl = upstream.url.replace('127.0.0.1', 'magento.test')
  await using gateway = await startGateway({
    magentoUrl,
    integrations: [globex],
    gateway: { magento: { timeouts: { connectMs: 60_000 } } },
  })
  const sent = [1, 2, 3, 4].map(() => send(gateway.url, { headers: globexHeaders }))
  const inFlight = 'magegate_upstream_in_flight_requests'
  await scrapeUntil(gateway, ({ value }) => value(inFlight) === sent.length)
  const [late, second, ...others] = held.filter(({ name }) => name === 'magento.test')
  assert.deepEqual(others, [])
  const addresses = [{ address: '127.0.0.1', family: 4 }]
  second?.found(null, addresses)
  const answered = await Promise.any(sent)
  assert.equal(answered.status, 200)
  late?.found(null, addresses)
  for (const answer of await Promise.all(sent)) assert.equal(answer.status, 200)
})
