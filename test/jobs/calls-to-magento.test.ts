import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acme, globex } from '../support/gateway.ts'
import { startHeldUpstream } from '../support/held-upstream.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import { startMagentoStandIn } from '../support/magento/stand-in.ts'
import { scrapeUntil } from '../support/metrics.ts'
import { integrationOfMagento, oauth1Env, oauth1Upstream } from '../support/oauth1-upstream.ts'
import { jobTestRoutes, startJobsGateway } from './jobs-gateway.ts'

test('each attempt of a job is signed anew, with a nonce and a time of its own', async () => {
  await using magento = await startMagentoStandIn({ integrations: [integrationOfMagento] })
  await using jobs = await startJobsGateway(
    magento.url,
    {},
    {
      integrations: [
        acme,
        { ...globex, upstream: oauth1Upstream, policies: { routes: jobTestRoutes } },
      ],
      // A time in seconds is another one only after a second.
      gateway: { jobs: { retry: { firstMs: 2_000, longestMs: 2_000 } } },
      env: oauth1Env,
    },
  )
  await magento.setFault({ kind: 'maintenance' })
  const first = magento.nextRequests(1)
  const accepted = await jobs.write({ body: { product: { sku: '24-MB01', price: 35 } } })
  assert.equal(accepted.status, 202, accepted.body)
  await first
  await magento.clearFault()
  const job = await jobs.ended(accepted)
  assert.equal(job.state, 'done')
  assert.equal(job.attempts, 2)
  const signed = magento.received.map(({ rawHeaders }) => {
    const at = rawHeaders.findIndex((name) => name.toLowerCase() === 'authorization')
    const header = rawHeaders[at + 1] ?? ''
    const value = (name: string) => new RegExp(`${name}="([^"]+)"`).exec(header)?.[1]
    return {
      nonce: value('oauth_nonce'),
      timestamp: Number(value('oauth_timestamp')),
      signature: value('oauth_signature'),
    }
  })
  assert.equal(signed.length, 2)
  const [one, other] = signed
  assert.ok(one?.nonce !== undefined && other?.nonce !== undefined)
  assert.notEqual(one.nonce, other.nonce)
  assert.ok(one.timestamp < other.timestamp, `${one.timestamp} is before ${other.timestamp}`)
  assert.notEqual(one.signature, other.signature)
})

test('the call of a job waits for a connection like a request', async () => {
  await using upstream = await startHeldUpstream()
  const magento = { url: upstream.url, connections: 1, circuitBreaker: { mode: 'off' } }
  await using jobs = await startJobsGateway(upstream.url, {}, { gateway: { magento } })
  const reading = send(jobs.gateway.url, {
    path: '/rest/V1/products/24-MB01',
    headers: globexHeaders,
  })
  const read = await upstream.next()
  const accepted = await jobs.write({ body: { product: { sku: '24-MB01' } } })
  await scrapeUntil(jobs.gateway, ({ value }) => value('magegate_upstream_queue_requests') === 1)
  read.answer()
  assert.equal((await reading).status, 200)
  const written = await upstream.next()
  assert.match(written.text, /^POST /)
  written.answer()
  assert.equal((await jobs.ended(accepted)).state, 'done')
})
