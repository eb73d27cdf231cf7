/**
 * Families of entities that change together in Magento, by the segment of a path after `V1`. A segment that is not
 * listed may change anything (Magento: etc/webapi.xml of the modules).
 */
const families: ReadonlyMap<string, string> = new Map(
  Object.entries({
    catalog: [
      'bundle-products',
      'categories',
      'configurable-products',
      // Sets of attributes have routes here and below `products` (Magento: Eav and Catalog, etc/webapi.xml).
      'eav',
      'inventory',
      'magefine',
      'products',
      'products-render-info',
      'stockItems',
      'stockStatuses',
    ],
    sales: [
      'creditmemo',
      'creditmemos',
      'invoice',
      'invoices',
      'order',
      'orders',
      'returns',
      'shipment',
      'shipments',
      'transactions',
    ],
    customers: ['addresses', 'attributeMetadata', 'customerGroups', 'customers'],
    promotions: ['coupons', 'salesRules'],
    tax: ['taxClasses', 'taxRates', 'taxRules'],
    carts: ['carts', 'guest-carts'],
    cms: ['cmsBlock', 'cmsPage'],
    shop: ['analytics', 'directory', 'modules', 'store'],
    access: ['integration', 'tfa'],
    jobs: ['bulk', 'jobs'],
  }).flatMap(([family, segments]) => segments.map((segment) => [segment, family])),
)

/** The family of a path; undefined if it is not known. */
export function familyOf(segments: readonly string[]): string | undefined {
  return families.get(segments[1] ?? '')
}

/** The family of the entities that a field of the audit record names. */
export const familyOfField: Readonly<Record<'skus' | 'orderIds', string>> = {
  skus: 'catalog',
  orderIds: 'sales',
}

/** Segments of paths that name a product, and whose answers show the products that belong to it. */
export const showingOthers: ReadonlySet<string | undefined> = new Set([
  'bundle-products',
  'configurable-products',
])

/**
 * Segments that occur where an SKU or the id of an order is expected, but are neither. A grant with a variable in that
 * place lets them through as well.
 */
export const notEntities: ReadonlySet<string> = new Set([
  'attribute-sets',
  'attributes',
  'create',
  'downloadable-links',
  'items',
  'links',
  'lowstock',
  'media',
  'options',
  'types',
])

/** Calls by POST that only read (Magento: Catalog and InventorySourceSelectionApi, etc/webapi.xml). */
export const readingWrites =
  /^POST V1\/(?:products\/(?:base-prices|cost|special-price|tier-prices)-information|inventory\/source-selection-algorithm-result)$/

/** Calls that turn a cart into an order. */
export const orderingWrites =
  /^(?:POST|PUT) V1\/(?:guest-carts|carts)\/[^/]+\/(?:order|payment-information)$/
