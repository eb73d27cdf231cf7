import type { Catalogue, SourceItem } from '../catalogue.ts'
import { type Input, objectParameter } from '../input.ts'
import { badRequest, requiredFields } from '../magento-error.ts'
import type { Route } from '../route.ts'
import { searchResult } from './search-criteria.ts'

const inventory = 'Magento_InventoryApi::source'
const legacy = 'Magento_CatalogInventory::cataloginventory'

/** Source items (Magento: InventoryApi/etc/webapi.xml) and stock items (CatalogInventory). */
export function stockRoutes(catalogue: Catalogue): Route[] {
  return [
    {
      method: 'GET',
      path: '/V1/inventory/source-items',
      resource: inventory,
      serve: ({ input }) => searchResult(catalogue.sourceItems as never, input),
    },
    {
      method: 'POST',
      path: '/V1/inventory/source-items',
      resource: inventory,
      serve: ({ input }) => {
        for (const item of sourceItemsOf(input)) catalogue.saveSourceItem(readSourceItem(item))
        return []
      },
    },
    {
      method: 'POST',
      path: '/V1/inventory/source-items-delete',
      resource: inventory,
      serve: ({ input }) => {
        for (const item of sourceItemsOf(input)) catalogue.deleteSourceItem(readKey(item))
        return []
      },
    },
    {
      method: 'GET',
      path: '/V1/stockItems/:productSku',
      resource: legacy,
      serve: ({ variables }) => stockItem(catalogue, variables.productSku ?? ''),
    },
    {
      method: 'PUT',
      path: '/V1/products/:productSku/stockItems/:itemId',
      resource: legacy,
      serve: ({ input, variables }) => {
        const { id, sku } = catalogue.product(variables.productSku ?? '')
        const { qty } = objectParameter(input, 'stockItem')
        if (qty !== undefined) catalogue.setQuantity(sku, Number(qty))
        return id
      },
    },
  ]
}

function sourceItemsOf(input: Input): Record<string, unknown>[] {
  return Object.values(objectParameter(input, 'sourceItems')) as Record<string, unknown>[]
}

function readKey(item: Readonly<Record<string, unknown>>) {
  const missing = ['sku', 'source_code'].filter((name) => !item[name])
  if (missing.length > 0) throw requiredFields(missing)
  return { sku: String(item.sku), source_code: String(item.source_code) }
}

function readSourceItem(item: Readonly<Record<string, unknown>>): SourceItem {
  const quantity = Number(item.quantity)
  if (!(quantity >= 0)) throw badRequest('Validation Failed')
  return { ...readKey(item), quantity, status: Number(item.status ?? 1) }
}

function stockItem(catalogue: Catalogue, productSku: string) {
  const { id, sku } = catalogue.product(productSku)
  const qty = catalogue.quantity(sku) ?? 0
  return {
    item_id: id,
    product_id: id,
    stock_id: 1,
    qty,
    is_in_stock: qty > 0,
    is_qty_decimal: false,
    use_config_manage_stock: true,
    manage_stock: true,
  }
}
