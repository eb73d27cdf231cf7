import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compileContract } from '../../../src/authorize/magento-contract/contract.ts'
import { magentoSchema } from '../../../src/authorize/magento-schema.ts'
import { allow } from '../../../src/policy.ts'
import { requestContext } from '../../support/request.ts'
import { services } from '../../support/services.ts'
import { rejectionOf } from '../../support/verdicts.ts'

const variable = (name: string, type: string) => ({ name, in: 'path', type })
const contract = compileContract(
  {
    swagger: '2.0',
    paths: {
      '/V1/orders/{id}': { get: { parameters: [variable('id', 'integer')] } },
      '/V1/products/{sku}/links/{rate}': {
        get: { parameters: [variable('rate', 'number'), variable('sku', 'string')] },
      },
    },
  },
  { maxStringLength: 100, maxItems: 10 },
)

function ask(path: string) {
  const request = requestContext({ target: `/rest/V1/${path}` })
  const settings = { mode: 'enforce' as const, routes: {}, answers: [] }
  return magentoSchema.prepare(settings, { ...services(), contract })(request)
}

describe('a variable of a path', () => {
  for (const path of ['orders/42', 'orders/-1', 'products/7/links/1.5', 'products/a%2Fb/links/2']) {
    test(`passes in ${path}`, () => assert.equal(ask(path), allow))
  }

  const cases: [string, RegExp][] = [
    ['orders/abc', /^an integer in the path for :id$/],
    ['orders/1.5', /^an integer in the path for :id$/],
    ['orders/1%20or%201', /^an integer in the path for :id$/],
    ['products/7/links/much', /^a number in the path for :rate$/],
  ]
  for (const [path, expected] of cases) {
    test(`is refused in ${path}, without its value`, async () => {
      const { code, violations } = await rejectionOf(ask(path))
      assert.equal(code, 'bad-request-target')
      assert.match(violations?.[0]?.expected ?? '', expected)
    })
  }
})
