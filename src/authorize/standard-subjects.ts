import type { SubjectField } from '../contract/audit-details.ts'

/*
 * Where requests of Magento's own routes, and of the gateway's, name what they are about. Bodies have the form of
 * Magento's service interfaces (Magento_Catalog, Magento_InventoryApi, Magento_Sales: etc/webapi.xml). Variables are
 * written as `:` without a name, since the configuration may name them differently.
 *
 * Where both the path and the body of a route name a product or an order, Magento may act on that of the body: a POST
 * does so where the service has no parameter of the variable's name, and a PUT if the query or the body has anything else
 * beside it (Magento: Webapi/Controller/Rest/ParamsOverrider.php, overrideRequestBodyIdWithPathParam).
 */

/*
 * Links and custom options are saved for the product that each of them names, whatever the product is that they come
 * with (Magento: Catalog/Model/ProductLink/Repository.php and Catalog/Model/Product/Option/Repository.php, save).
 */
const skusOfProduct = [
  '/product/sku',
  '/product/product_links/*/sku',
  '/product/options/*/product_sku',
]

/*
 * If no product has the SKU, the product with the id is saved, and gets that SKU (Magento:
 * Catalog/Model/ProductRepository.php, save and initializeProductData).
 */
const ofProduct = { skus: skusOfProduct, productIds: ['/product/id'] }

type Pointers = Partial<Readonly<Record<SubjectField, readonly string[]>>>

/** JSON Pointers into the bodies, by route and field. */
export const standardPointers: ReadonlyMap<string, Pointers> = new Map<string, Pointers>([
  ['POST /V1/products', ofProduct],
  ['PUT /V1/products/:', ofProduct],
  ['POST /V1/products/:/links', { skus: ['/items/*/sku'] }],
  ['PUT /V1/products/:/links', { skus: ['/entity/sku'] }],
  ['POST /V1/products/:/websites', { skus: ['/productWebsiteLink/sku'] }],
  ['PUT /V1/products/:/websites', { skus: ['/productWebsiteLink/sku'] }],
  ['POST /V1/inventory/source-items', { skus: ['/sourceItems/*/sku'] }],
  ['POST /V1/inventory/source-items-delete', { skus: ['/sourceItems/*/sku'] }],
  ['POST /V1/inventory/low-quantity-notification', { skus: ['/sourceItemConfigurations/*/sku'] }],
  ['POST /V1/inventory/low-quantity-notifications-delete', { skus: ['/sourceItems/*/sku'] }],
  ['POST /V1/inventory/bulk-product-source-assign', { skus: ['/skus/*'] }],
  ['POST /V1/inventory/bulk-product-source-unassign', { skus: ['/skus/*'] }],
  ['POST /V1/inventory/bulk-product-source-transfer', { skus: ['/skus/*'] }],
  ['POST /V1/inventory/bulk-partial-source-transfer', { skus: ['/items/*/sku'] }],
  ['POST /V1/products/base-prices', { skus: ['/prices/*/sku'] }],
  ['POST /V1/products/base-prices-information', { skus: ['/skus/*'] }],
  ['POST /V1/products/special-price', { skus: ['/prices/*/sku'] }],
  ['POST /V1/products/special-price-delete', { skus: ['/prices/*/sku'] }],
  ['POST /V1/products/special-price-information', { skus: ['/skus/*'] }],
  ['POST /V1/products/tier-prices', { skus: ['/prices/*/sku'] }],
  ['PUT /V1/products/tier-prices', { skus: ['/prices/*/sku'] }],
  ['POST /V1/products/tier-prices-delete', { skus: ['/prices/*/sku'] }],
  ['POST /V1/products/tier-prices-information', { skus: ['/skus/*'] }],
  ['POST /V1/products/cost', { skus: ['/prices/*/sku'] }],
  ['POST /V1/products/cost-delete', { skus: ['/skus/*'] }],
  ['POST /V1/products/cost-information', { skus: ['/skus/*'] }],
  ['POST /V1/products/options', { skus: ['/option/product_sku'] }],
  ['PUT /V1/products/options/:', { skus: ['/option/product_sku'] }],
  ['POST /V1/bundle-products/options/add', { skus: ['/option/sku'] }],
  ['PUT /V1/bundle-products/options/:', { skus: ['/option/sku'] }],
  ['POST /V1/bundle-products/:/links/:', { skus: ['/linkedProduct/sku'] }],
  ['PUT /V1/bundle-products/:/links/:', { skus: ['/linkedProduct/sku'] }],
  ['POST /V1/configurable-products/:/child', { skus: ['/childSku'] }],
  ['POST /V1/categories/:/products', { skus: ['/productLink/sku'] }],
  ['PUT /V1/categories/:/products', { skus: ['/productLink/sku'] }],
  ['POST /V1/sharedCatalog/:/assignProducts', { skus: ['/products/*/sku'] }],
  ['POST /V1/sharedCatalog/:/unassignProducts', { skus: ['/products/*/sku'] }],
  ['POST /V1/sharedCatalog/:/assignTierPrices', { skus: ['/prices/*/sku'] }],
  ['POST /V1/sharedCatalog/:/resetTierPrices', { skus: ['/skus/*'] }],
  ['POST /V1/magefine/inventaire', { skus: ['/sku'] }],
  ['POST /V1/magefine/inventory', { skus: ['/sku'] }],
  ['POST /V1/magefine/inventaire/bulk', { skus: ['/items/*/sku'] }],
  ['POST /V1/magefine/inventory/bulk', { skus: ['/items/*/sku'] }],
  ['POST /V1/orders', { orderIds: ['/entity/entity_id', '/entity/increment_id'] }],
  ['PUT /V1/orders/:', { orderIds: ['/entity/parent_id'] }],
  ['PUT /V1/orders/create', { orderIds: ['/entity/entity_id', '/entity/increment_id'] }],
  ['POST /V1/invoices', { orderIds: ['/entity/order_id'] }],
  ['POST /V1/shipment', { orderIds: ['/entity/order_id'] }],
  ['POST /V1/creditmemo', { orderIds: ['/entity/order_id'] }],
  ['POST /V1/creditmemo/refund', { orderIds: ['/creditmemo/order_id'] }],
  ['POST /V1/shipment/track', { orderIds: ['/entity/order_id'] }],
  ['POST /V1/returns', { orderIds: ['/rmaDataObject/order_id'] }],
  ['PUT /V1/returns/:', { orderIds: ['/rmaDataObject/order_id'] }],
  ['POST /V1/order/notify-orders-are-ready-for-pickup', { orderIds: ['/orderIds/*'] }],
])

const byName: ReadonlyMap<string, SubjectField> = new Map([
  ['sku', 'skus'],
  ['productSku', 'skus'],
  ['parentSku', 'skus'],
  ['childSku', 'skus'],
  ['orderId', 'orderIds'],
  ['bulkUuid', 'jobIds'],
  ['jobId', 'jobIds'],
])

/** By the segment before the variable, or by the two before it where one would also fit routes of other things. */
const bySegment: ReadonlyMap<string, SubjectField> = new Map([
  ['products', 'skus'],
  ['stockItems', 'skus'],
  ['stockStatuses', 'skus'],
  ['inventaire', 'skus'],
  ['magefine/inventory', 'skus'],
  ['configurable-products', 'skus'],
  ['bundle-products', 'skus'],
  ['orders', 'orderIds'],
  ['order', 'orderIds'],
  ['bulk', 'jobIds'],
  ['jobs', 'jobIds'],
])

/**
 * What a variable of a path identifies, according to its own name or else the segments before it.
 * @returns undefined when it is nothing that records are searched by
 */
export function subjectOfVariable(
  variable: string,
  before: readonly string[],
): SubjectField | undefined {
  const last = before.at(-1) ?? ''
  return byName.get(variable) ?? bySegment.get(last) ?? bySegment.get(`${before.at(-2)}/${last}`)
}
