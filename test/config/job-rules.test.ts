import assert from 'node:assert/strict'
import { test } from 'node:test'
import { globex } from '../support/gateway.ts'
import { configFaults } from './config-faults.ts'

const route = 'POST /V1/magefine/inventaire'
const place = '/policies/jobs/POST ~1V1~1magefine~1inventaire/engine'
const jobs = { jobs: { file: 'var/jobs.sqlite' } }

function policies(rule: object, more: object = {}, granted = route) {
  return { policies: { routes: [granted], jobs: { [granted]: rule }, ...more } }
}

test('names the section jobs, which every request of a route would need', async () => {
  assert.deepEqual(
    [...(await configFaults({ integration: policies({ mode: 'always' }) }))],
    [['/jobs', `a value, since every ${route} of ${globex.name} is made a job`]],
  )
  const taken = await configFaults({ integration: policies({ mode: 'always' }), gateway: jobs })
  assert.deepEqual([...taken], [])
  // Who asks is answered at once where there are none.
  assert.deepEqual([...(await configFaults({ integration: policies({ mode: 'asked' }) }))], [])
})

test("names Magento's own engine where the gateway makes the answer", async () => {
  const magento = { engine: 'magento' }
  const own = { own: { route: 'PUT /V1/erp/x/:id', call: { route: 'PUT /V1/products/:id' } } }
  const expected = `gateway, which answers ${route} itself`
  assert.deepEqual(
    [...(await configFaults({ integration: policies(magento), gateway: jobs }))],
    [[place, expected]],
  )
  const anyKind = policies(magento, {}, 'POST /V1/magefine/:kind')
  assert.deepEqual(
    [...(await configFaults({ integration: anyKind, gateway: jobs })).values()],
    [expected],
  )
  const defined = policies(magento, {}, 'PUT /V1/erp/x/:number')
  const faults = await configFaults({ integration: defined, gateway: jobs, endpoints: own })
  assert.deepEqual([...faults.values()], ['gateway, which answers PUT /V1/erp/x/:id itself'])
})

test('takes that engine where Magento answers', async () => {
  const magento = { engine: 'magento' }
  for (const integration of [
    policies(magento, { endpoints: 'forward' }),
    policies(magento, {}, 'POST /V1/products'),
  ]) {
    assert.deepEqual([...(await configFaults({ integration, gateway: jobs }))], [])
  }
})
