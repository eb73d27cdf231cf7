import assert from 'node:assert/strict'
import { copyFile, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { loadConfig } from '../../src/config.ts'
import { buildGateway } from '../../src/gateway.ts'
import { callbackEnv, callbackTo } from '../support/callbacks.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { globexHeaders, problemOf, send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { startReloadable } from '../support/reloadable-gateway.ts'
import { temporaryFolder } from '../support/shared.ts'
import { pemFile } from '../support/tls/pem.ts'

async function magentoStatus({ adminUrl = '' }: { readonly adminUrl?: string }) {
  const { magento } = (await (await fetch(`${adminUrl}/readyz`)).json()) as {
    magento: { circuit: string; inFlight: number; waiting: number }
  }
  return magento
}

describe('a reload keeps', () => {
  test('the state of the circuit, and has other rules hold at once', async () => {
    const rules = { minimumCalls: 3, openMs: 3_600_000, failsReadiness: true }
    await using magento = await startMagento()
    await using gateway = await startReloadable({
      magentoUrl: magento.url,
      integrations: [globex],
      gateway: { magento: { circuitBreaker: rules } },
    })
    const ask = () => send(gateway.url, { headers: globexHeaders })
    await magento.setFault({ kind: 'maintenance' })
    for (let time = 0; time < 3; time += 1) await ask()
    await magento.clearFault()
    await gateway.writeIntegration({ ...globex, description: 'edited' })
    assert.equal((await gateway.reload()).status, 200)
    assert.equal(problemOf(await ask()).code, 'circuit-open')
    assert.equal(await gateway.metric('magegate_ready'), 0)
    for (const [mode, shown] of [
      ['reportOnly', 'open'],
      ['off', 'closed'],
    ]) {
      await gateway.writeSettings({ magento: { circuitBreaker: { ...rules, mode } } })
      assert.equal((await gateway.reload()).status, 200)
      assert.equal((await ask()).status, 200)
      assert.equal((await magentoStatus(gateway)).circuit, shown)
      assert.equal(await gateway.metric('magegate_ready'), 1)
    }
  })

  test('nothing of that for another Magento, which may work', async () => {
    await using failing = await startRawUpstream((socket) => socket.destroy())
    await using working = await startMagento()
    const rules = { circuitBreaker: { minimumCalls: 1, openMs: 3_600_000 } }
    await using gateway = await startReloadable({
      magentoUrl: failing.url,
      integrations: [globex],
      gateway: { magento: rules },
    })
    const ask = () => send(gateway.url, { headers: globexHeaders })
    await ask()
    assert.equal(problemOf(await ask()).code, 'circuit-open')
    await gateway.writeSettings({ magento: { url: working.url, ...rules } })
    assert.equal((await gateway.reload()).status, 200)
    assert.equal((await ask()).status, 200)
    assert.equal((await magentoStatus(gateway)).circuit, 'closed')
  })

  test('who is at Magento and who waits, and lets more in where there are more connections', async () => {
    await using upstream = await startRawUpstream(() => undefined)
    await using gateway = await startReloadable({
      magentoUrl: upstream.url,
      integrations: [globex],
      gateway: { magento: { connections: 1, queue: { maxWaitMs: 60_000 } } },
    })
    const ask = () => send(gateway.url, { headers: globexHeaders }).catch(() => undefined)
    const asked = [ask()]
    await upstream.requestsReach(1)
    await gateway.writeIntegration({ ...globex, description: 'edited' })
    assert.equal((await gateway.reload()).status, 200)
    asked.push(ask())
    while ((await magentoStatus(gateway)).waiting < 1);
    assert.equal(upstream.requests.length, 1)
    await gateway.writeSettings({ magento: { connections: 2 } })
    assert.equal((await gateway.reload()).status, 200)
    await upstream.requestsReach(2)
    assert.deepEqual(await magentoStatus(gateway), {
      circuit: 'closed',
      openIntegrations: 0,
      inFlight: 2,
      waiting: 0,
    })
    for (const socket of upstream.sockets) socket.destroy()
    await Promise.all(asked)
  })
})

test('a reload ends the health probe of before, also while requests of before are under way', async () => {
  const probed: string[] = []
  let wake: () => void = () => undefined
  await using upstream = await startRawUpstream((socket, request) => {
    const [, path = ''] = request.split(' ')
    if (!path.endsWith('-probe')) return
    probed.push(path)
    answerWith(socket, {})
    wake()
  })
  const probe = (name: string) => ({ path: `/${name}-probe`, intervalMs: 10, timeoutMs: 60_000 })
  const newProbes = () => probed.filter((path) => path === '/new-probe').length
  const untilNewProbes = async (count: number) => {
    while (newProbes() < count)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
  await using gateway = await startReloadable({
    magentoUrl: upstream.url,
    integrations: [globex],
    gateway: { magento: { probe: probe('old') } },
  })
  const asked = send(gateway.url, { headers: globexHeaders }).catch(() => undefined)
  await upstream.requestsReach(2)
  await gateway.writeSettings({ magento: { probe: probe('new') } })
  assert.equal((await gateway.reload()).status, 200)
  // One that was under way at the reload has come by now.
  await untilNewProbes(2)
  const before = probed.length
  await untilNewProbes(12)
  assert.deepEqual(new Set(probed.slice(before)), new Set(['/new-probe']))
  for (const socket of upstream.sockets) socket.destroy()
  await asked
})

test('a reload that fails because a file is gone that was there when it was checked changes nothing', async () => {
  await using upstream = await startRawUpstream(() => undefined)
  const folder = await temporaryFolder()
  const filesOf = (magento: object, more: object = {}) =>
    writeConfig({
      gateway: gatewaySettings(
        {
          magentoUrl: upstream.url,
          gateway: {
            magento: { queue: { maxWaitMs: 60_000 }, ...magento },
            jobs: { file: join(folder, 'jobs.sqlite') },
          },
        },
        join(folder, 'audit.jsonl'),
      ),
      integrations: { globex: { ...globex, ...more } },
    })
  await using start = await filesOf({ connections: 1 })
  const caFile = join(folder, 'ca.pem')
  await copyFile(pemFile('loopback.cert'), caFile)
  const callback = callbackTo('https://127.0.0.1/jobs', { caFile })
  const credentials = { token: 'env:NEXT' }
  await using next = await filesOf({ connections: 2 }, { callback, credentials })
  const env = { ...testEnv, ...callbackEnv, NEXT: 'globex-token-of-after-7c' }
  const gateway = await buildGateway(await loadConfig(start.path, env), async () => {
    const config = await loadConfig(next.path, env)
    await rm(caFile)
    return config
  })
  const listening = await gateway.start()
  assert.equal((await gateway.reload()).status, 'failed')
  const asked = ['a', env.NEXT].map((sku) =>
    send(listening.url, { headers: globexHeaders, path: `/rest/V1/products/${sku}` }),
  )
  for (;;) {
    const { inFlight, waiting } = await magentoStatus(listening)
    if (inFlight + waiting < 2) continue
    assert.deepEqual([inFlight, waiting], [1, 1])
    break
  }
  upstream.answer = (socket) => socket.destroy()
  for (const socket of upstream.sockets) socket.destroy()
  await Promise.all(asked)
  await gateway.stop()
  const trail = await readFile(join(folder, 'audit.jsonl'), 'utf8')
  assert.ok(trail.includes(env.NEXT), 'what never was a secret here is not struck out')
})
