import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { queryObjects, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Pool } from 'undici'
import { acme, globex } from '../support/gateway.ts'
import { acmeHeaders, globexHeaders, send } from '../support/http-client.ts'
import { startReloadable } from '../support/reloadable-gateway.ts'

/** How often the configuration is taken anew; 1,000 by hand. */
const reloads = Number(process.env.RELOADS ?? 15)
const connections = 8

/** A Magento that answers whatever it is asked, and counts. */
async function startCountingUpstream() {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    request.resume().on('end', () => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}')
    })
  })
  // Longer than the gateway keeps its connections.
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: () => requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What the process holds once all that nobody needs is gone. */
function held() {
  collectGarbage()
  const resources = process.getActiveResourcesInfo()
  const of = (kind: string) => resources.filter((each) => each === kind).length
  return {
    sockets: of('TCPSocketWrap'),
    timers: of('Timeout'),
    heapKiB: Math.round(process.memoryUsage().heapUsed / 1024),
  }
}

test(`${reloads} reloads under load lose no request and leave nothing behind`, async (context) => {
  await using upstream = await startCountingUpstream()
  await using gateway = await startReloadable({
    magentoUrl: upstream.url,
    integrations: [acme],
    gateway: { magento: { connections } },
  })
  const headers = { ...globexHeaders, 'Content-Type': 'application/json' }
  const byFile = { ...globex, upstream: { bearer: 'file:magento-token' } }
  async function change(index: number): Promise<void> {
    await gateway.write('magento-token', `magento-token-of-generation-${index}\n`)
    await gateway.writeIntegration({ ...byFile, description: `as of ${index}` })
    const passing = { ...globex, name: 'passing', credentials: { token: 'env:ADMIN_TOKEN' } }
    if (index % 2 === 0) await gateway.writeIntegration(passing)
    else await gateway.removeIntegration('passing')
    const { status, outcome } = await gateway.reload()
    assert.equal(status, 200, JSON.stringify(outcome))
  }
  await change(0)

  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  let isOver = false
  let sent = 0
  let slowestMs = 0
  async function press(): Promise<void> {
    while (!isOver) {
      const begunAt = performance.now()
      sent += 1
      const body = sent % 3 === 0 ? `{"sku":"my-sku-123","qty":${sent}}` : ''
      const path = body ? '/rest/V1/magefine/inventaire' : '/rest/V1/products/24-MB01'
      const own = sent % 2 === 0 ? headers : { ...headers, ...acmeHeaders(body) }
      const answer = await send(gateway.url, {
        method: body ? 'POST' : 'GET',
        path,
        headers: own,
        body,
        agent,
      })
      assert.equal(answer.status, 200, answer.body)
      slowestMs = Math.max(slowestMs, performance.now() - begunAt)
    }
  }
  async function settled() {
    while ((await gateway.metric('magegate_config_living_generations')) > 1) await delay(5)
    return held()
  }
  const pressing = Promise.all(Array.from({ length: connections }, press))
  const work = (async () => {
    const warm = Math.ceil(reloads / 10)
    for (let index = 1; index <= warm; index += 1) await change(index)
    const before = await settled()
    for (let index = warm + 1; index <= reloads; index += 1) await change(index)
    isOver = true
    await pressing
    return { before, after: await settled() }
  })()
  // Whichever fails first fails the test.
  await Promise.race([pressing, work])
  const { before, after } = await work
  agent.destroy()

  assert.equal(await gateway.metric('magegate_config_generation'), reloads + 2)
  assert.equal(upstream.count(), sent)
  // Of all generations the last, and what the engine still remembers of the one before. Others may still be closing.
  let pools = queryObjects(Pool, { format: 'count' })
  for (let looks = 0; pools > 2 && looks < 200; looks += 1) {
    await delay(5)
    pools = queryObjects(Pool, { format: 'count' })
  }
  assert.ok(pools <= 2, `${pools} pools`)
  assert.ok(after.sockets <= before.sockets, `${before.sockets} to ${after.sockets} sockets`)
  const figures = { sent, slowestMs: Math.round(slowestMs), pools, before, after }
  context.diagnostic(JSON.stringify(figures))
})
