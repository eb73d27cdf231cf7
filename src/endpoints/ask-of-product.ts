import type { CallMagento, MagentoAnswer } from '../contract/endpoint.ts'
import { type Rejection, reject } from '../problem.ts'
import { percentEncode } from '../syntax/percent-encoding.ts'

/**
 * Asks Magento for some fields of a product. If there is none with this SKU, the result is a refusal that says so.
 * @param path the path of the route, to which the SKU is added as the last segment
 */
export async function askOfProduct(
  callMagento: CallMagento,
  path: '/V1/products' | '/V1/stockItems',
  sku: string,
  fields: string,
): Promise<MagentoAnswer | Rejection> {
  const answer = await callMagento({
    method: 'GET',
    path: `${path}/${percentEncode(sku)}`,
    query: `fields=${fields}`,
  })
  if ('code' in answer || answer.status !== 404) return answer
  return reject('entity-not-found', 'Magento has no product with this SKU', {
    detail: `Product not found: ${sku}`,
    members: { success: false },
  })
}
