import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { globex, startGateway } from '../support/gateway.ts'
import { startHeldUpstream } from '../support/held-upstream.ts'
import { globexHeaders, problemOf, send } from '../support/http-client.ts'
import { scrapeUntil } from '../support/metrics.ts'

const totalMs = 3_600_000

test('the time that a request has in all includes its time in the queue, and if nothing is left it is not sent', async (t) => {
  await using upstream = await startHeldUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [globex],
    gateway: {
      magento: {
        connections: 1,
        queue: { maxWaitMs: totalMs },
        timeouts: { headersMs: totalMs, totalMs },
      },
    },
  })
  const first = send(gateway.url, { headers: globexHeaders })
  const held = await upstream.next()
  const second = send(gateway.url, { headers: globexHeaders })
  await scrapeUntil(gateway, ({ value }) => value('magegate_upstream_queue_requests') === 1)
  const now = performance.now.bind(performance)
  t.mock.method(performance, 'now', () => now() + totalMs)
  held.answer()
  assert.equal((await first).status, 200)
  assert.equal(problemOf(await second).code, 'upstream-busy')
  await scrapeUntil(gateway, ({ value }) => value('magegate_upstream_in_flight_requests') === 0)
})

test('so does the time that a request to an endpoint of the gateway has, which then sends no call', async (t) => {
  await using upstream = await startHeldUpstream()
  const { routes } = globex.policies
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [{ ...globex, policies: { routes } }],
    gateway: {
      magento: {
        connections: 1,
        queue: { maxWaitMs: totalMs },
        timeouts: { headersMs: totalMs, totalMs },
      },
    },
  })
  const first = send(gateway.url, { headers: globexHeaders })
  const held = await upstream.next()
  const path = '/rest/V1/magefine/inventaire/a'
  const second = send(gateway.url, { path, headers: globexHeaders })
  await scrapeUntil(gateway, ({ value }) => value('magegate_upstream_queue_requests') === 1)
  const now = performance.now.bind(performance)
  t.mock.method(performance, 'now', () => now() + totalMs)
  held.answer()
  assert.equal((await first).status, 200)
  assert.equal(problemOf(await second).code, 'upstream-busy')
})
