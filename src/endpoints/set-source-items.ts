import type { CallMagento, EndpointAnswer } from '../contract/endpoint.ts'
import type { Rejection } from '../problem.ts'
import { isInStock, type Stock } from './product-schemas.ts'

/** Sets quantities in an inventory source (Magento: InventoryApi/Api/Data/SourceItemInterface.php). */
export function setSourceItems(
  callMagento: CallMagento,
  sourceCode: string,
  items: readonly Stock[],
): Promise<EndpointAnswer | Rejection> {
  const sourceItems = items.map(({ sku, qty }) => ({
    sku,
    source_code: sourceCode,
    quantity: qty,
    status: isInStock(qty) ? 1 : 0,
  }))
  return callMagento({
    method: 'POST',
    path: '/V1/inventory/source-items',
    body: { sourceItems },
  })
}
