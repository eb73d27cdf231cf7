import { type Rejection, reject } from '../problem.ts'

/** What is answered where the shop has no product of a SKU. */
export function productNotFound(sku: string): Rejection {
  return reject('entity-not-found', 'Magento has no product with this SKU', {
    detail: `Product not found: ${sku}`,
    members: { success: false },
  })
}
