import { hasReservedName, reservedNames } from '../authorize/reserved-names.ts'
import type { CallMagento, EndpointAnswer } from '../contract/endpoint.ts'
import { type Rejection, reject } from '../problem.ts'
import { percentEncode } from '../syntax/percent-encoding.ts'

/**
 * Asks Magento for some fields of a product. If there is none with this SKU, the result is a refusal that says so; also
 * if Magento would take the SKU for the name of another route, as it does `types`.
 * @param path the path of the route, to which the SKU is added as the last segment
 */
export async function askOfProduct(
  callMagento: CallMagento,
  path: '/V1/products' | '/V1/stockItems',
  sku: string,
  fields: string,
): Promise<EndpointAnswer | Rejection> {
  const segments = [...path.slice(1).split('/'), percentEncode(sku)]
  if (hasReservedName(reserved[path], segments)) {
    return notFound(sku, 'Magento has another route for this SKU')
  }
  const answer = await callMagento({
    method: 'GET',
    path: `/${segments.join('/')}`,
    query: `fields=${fields}`,
  })
  if ('code' in answer || answer.status !== 404) return answer
  return notFound(sku, 'Magento has no product with this SKU')
}

const reserved = {
  '/V1/products': reservedNames({ method: 'GET', segments: ['V1', 'products', ':sku'] }),
  '/V1/stockItems': reservedNames({ method: 'GET', segments: ['V1', 'stockItems', ':sku'] }),
}

function notFound(sku: string, reason: string): Rejection {
  return reject('entity-not-found', reason, {
    detail: `Product not found: ${sku}`,
    members: { success: false },
  })
}
