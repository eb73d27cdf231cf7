import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { globex } from '../support/gateway.ts'
import { globexHeaders, problemOf, send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { type ReloadableGateway, startReloadable } from '../support/reloadable-gateway.ts'

async function magentoStatus({ adminUrl }: ReloadableGateway) {
  const { magento } = (await (await fetch(`${adminUrl}/readyz`)).json()) as {
    magento: { circuit: string; inFlight: number; waiting: number }
  }
  return magento
}

describe('a reload keeps', () => {
  test('the state of the circuit, and has other rules hold at once', async () => {
    const rules = { minimumCalls: 3, openMs: 3_600_000 }
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
    const reportOnly = { circuitBreaker: { ...rules, mode: 'reportOnly' } }
    await gateway.writeSettings({ magento: { url: magento.url, ...reportOnly } })
    assert.equal((await gateway.reload()).status, 200)
    assert.equal((await ask()).status, 200)
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
    await gateway.writeSettings({ magento: { url: upstream.url, connections: 2 } })
    assert.equal((await gateway.reload()).status, 200)
    await upstream.requestsReach(2)
    assert.deepEqual(await magentoStatus(gateway), { circuit: 'closed', inFlight: 2, waiting: 0 })
    for (const socket of upstream.sockets) socket.destroy()
    await Promise.all(asked)
  })
})
