import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex } from '../support/gateway.ts'
import { configFaults, faultLinesAt } from './config-faults.ts'

const misspelt = 'POST /V1/porducts'
const at = 'POST ~1V1~1porducts'

/** Settings that name a route, and where they name it. */
const named: readonly (readonly [pointer: string, policies: Readonly<Record<string, unknown>>])[] =
  [
    [`searchCriteria/routes/${at}`, { searchCriteria: { routes: { [misspelt]: {} } } }],
    [`magentoSchema/routes/${at}`, { magentoSchema: { routes: { [misspelt]: 'off' } } }],
    ['magentoSchema/answers/0', { magentoSchema: { mode: 'off', answers: [misspelt] } }],
    [`knownAttacks/except/${at}`, { knownAttacks: { except: { [misspelt]: [] } } }],
    [`jsonBody/otherTypes/${at}`, { jsonBody: { otherTypes: { [misspelt]: [] } } }],
    [`rateLimit/routes/${at}`, { rateLimit: { routes: { [misspelt]: { rate: '1/s' } } } }],
    [`deprecations/${at}`, { deprecations: { [misspelt]: { since: '2027-01-01' } } }],
    [`auditDetails/${at}`, { auditDetails: { [misspelt]: {} } }],
    [`jobs/${at}`, { jobs: { [misspelt]: {} } }],
    ['idempotency/required/0', { idempotency: { required: [misspelt] } }],
  ]

describe('settings of a route that is not granted are refused, since they would apply to no request', () => {
  for (const [pointer, policies] of named) {
    test(pointer, async () => {
      const routes = ['POST /V1/products']
      const faults = await configFaults({ integration: { policies: { routes, ...policies } } })
      const expected = 'a route that is granted in /policies/routes'
      assert.equal(faults.get(`/policies/${pointer}`), expected, `${[...faults]}`)
      const granted = { routes: [...routes, misspelt], ...policies }
      const others = await configFaults({ integration: { policies: granted } })
      assert.equal(others.has(`/policies/${pointer}`), false)
    })
  }
})

test('so is a JSON Schema for it', async () => {
  const policies = { routes: ['POST /V1/products'], requestSchema: { [misspelt]: 'any.json' } }
  await using files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'var/audit.jsonl'),
    integrations: { globex: { ...globex, policies } },
    schemas: { 'any.json': {} },
  })
  assert.deepEqual(await faultLinesAt(files.path), [
    `/policies/requestSchema/${at}: a route that is granted in /policies/routes`,
  ])
})

test('a limit may apply to a part of what is granted, to a method, and to jobs', async () => {
  const ofJobs = ['GET /V1/jobs/:id', 'DELETE /V1/jobs/:id']
  const limits = ['GET /V1/products/24-MB01', 'GET /V1/products/:id', 'POST', ...ofJobs]
  const policies = {
    routes: ['GET /V1/products/:sku'],
    rateLimit: { routes: Object.fromEntries(limits.map((each) => [each, { rate: '1/s' }])) },
  }
  assert.deepEqual([...(await configFaults({ integration: { policies } }))], [])
})
