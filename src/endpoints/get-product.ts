import type { Endpoint } from '../contract/endpoint.ts'
import { reject } from '../problem.ts'
import { askOfProduct } from './ask-of-product.ts'
import { isSku, productNotFoundSchema, skuExpected, skuSchema } from './product-schemas.ts'

/** Shows those of a product's hundred fields that an ERP needs. */
export const getProduct: Endpoint = {
  routes: ['GET /V1/magefine/inventaire/:sku', 'GET /V1/magefine/inventory/:sku'],
  summary: 'Name and price of a product',
  answers: {
    200: {
      description: 'The product.',
      schema: {
        type: 'object',
        properties: {
          sku: skuSchema,
          name: { type: ['string', 'null'] },
          price: { type: ['number', 'null'] },
        },
        required: ['sku', 'name', 'price'],
        additionalProperties: false,
      },
    },
    404: { description: 'There is no such product.', schema: productNotFoundSchema },
  },
  run: async ({ variables, callMagento }) => {
    const asked = variables.get('sku') ?? ''
    if (!isSku(asked)) {
      return reject('bad-request', 'the SKU is malformed', {
        detail: skuExpected,
        members: { success: false },
      })
    }
    const answer = await askOfProduct(callMagento, '/V1/products', asked, 'sku,name,price')
    if ('code' in answer || answer.status !== 200) return answer
    if (!(answer.body instanceof Object))
      return reject('upstream-error', 'the answer is not a product')
    const { sku, name = null, price = null } = answer.body as Readonly<Record<string, unknown>>
    return { status: 200, body: { sku, name, price } }
  },
}
