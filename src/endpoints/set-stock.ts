import type { CallMagento, Endpoint, EndpointAnswer } from '../contract/endpoint.ts'
import { type Rejection, reject, type Violation } from '../problem.ts'
import { percentEncode } from '../syntax/percent-encoding.ts'
import { askOfProduct } from './ask-of-product.ts'
import {
  isInStock,
  productNotFoundSchema,
  quantitySchema,
  type Stock,
  skuExpected,
  skuSchema,
  stockSchema,
} from './product-schemas.ts'
import { setSourceItems } from './set-source-items.ts'

/** Sets the quantity of a product: in its inventory source, or in its stock item. */
export const setStock: Endpoint = {
  routes: ['POST /V1/magefine/inventaire', 'POST /V1/magefine/inventory'],
  summary: 'Set the quantity of a product',
  isRepeatable: true,
  request: stockSchema,
  explain: explainStock,
  answers: {
    200: {
      description: 'The quantity is set.',
      schema: {
        type: 'object',
        properties: { success: { const: true }, sku: skuSchema, qty: quantitySchema },
        required: ['success', 'sku', 'qty'],
        additionalProperties: false,
      },
    },
    404: { description: 'There is no such product.', schema: productNotFoundSchema },
  },
  run: async ({ body, callMagento, settings: { sourceCode } }) => {
    const stock = body as Stock
    const answer =
      sourceCode === undefined
        ? await setStockItem(stock, callMagento)
        : await setSourceItem(stock, sourceCode, callMagento)
    if ('code' in answer || answer.status !== 200) return answer
    return { status: 200, body: { success: true, sku: stock.sku, qty: stock.qty } }
  },
}

/** Says whether the SKU or the quantity is wrong. */
function explainStock(violations: readonly Violation[]): string {
  const pointers = violations.map(({ pointer }) => pointer)
  if (pointers.includes('/sku')) return skuExpected
  if (pointers.includes('/qty')) {
    return 'Invalid quantity: a number from 0 to 99999999.9999 with at most 4 decimals.'
  }
  return 'Invalid body: an object with "sku" and "qty", and nothing else.'
}

/** Looks the product up first, since Magento accepts quantities of SKUs that do not exist. */
async function setSourceItem(
  stock: Stock,
  sourceCode: string,
  callMagento: CallMagento,
): Promise<EndpointAnswer | Rejection> {
  const product = await askOfProduct(callMagento, '/V1/products', stock.sku, 'sku')
  if ('code' in product || product.status !== 200) return product
  return setSourceItems(callMagento, sourceCode, [stock])
}

/** Sets a quantity in a shop without inventory sources (Magento: CatalogInventory/etc/webapi.xml). */
export async function setStockItem(
  { sku, qty }: Stock,
  callMagento: CallMagento,
): Promise<EndpointAnswer | Rejection> {
  const item = await askOfProduct(callMagento, '/V1/stockItems', sku, 'item_id')
  if ('code' in item || item.status !== 200) return item
  const { item_id: itemId } = (item.body ?? {}) as { readonly item_id?: unknown }
  if (!Number.isInteger(itemId)) return reject('upstream-error', 'a stock item without a number')
  return callMagento({
    method: 'PUT',
    path: `/V1/products/${percentEncode(sku)}/stockItems/${itemId}`,
    body: { stockItem: { qty, is_in_stock: isInStock(qty) } },
  })
}
