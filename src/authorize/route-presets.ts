/** Groups of routes that integrations commonly need (Magento: etc/webapi.xml of its modules). */
export const routePresets = {
  /** What a PIM or a marketplace reads from the catalogue. */
  'catalog-read': [
    'GET /V1/products',
    'GET /V1/products/:sku',
    'GET /V1/products/:sku/media',
    'GET /V1/products/:sku/options',
    'GET /V1/products/attributes',
    'GET /V1/products/attributes/:attributeCode',
    'GET /V1/products/attributes/:attributeCode/options',
    'GET /V1/products/attribute-sets/sets/list',
    'GET /V1/products/types',
    'GET /V1/configurable-products/:sku/children',
    'GET /V1/categories',
    'GET /V1/categories/list',
    'GET /V1/categories/:categoryId',
    'GET /V1/categories/:categoryId/products',
  ],
  /** What an ERP needs to keep stock up to date, with and without inventory sources. */
  'stock-write': [
    'GET /V1/inventory/source-items',
    'POST /V1/inventory/source-items',
    'POST /V1/inventory/source-items-delete',
    'GET /V1/inventory/sources',
    'GET /V1/stockItems/:productSku',
    'GET /V1/stockStatuses/:productSku',
    'PUT /V1/products/:productSku/stockItems/:itemId',
  ],
  /** What an ERP or a CRM reads about sales. */
  'orders-read': [
    'GET /V1/orders',
    'GET /V1/orders/:id',
    'GET /V1/orders/:id/comments',
    'GET /V1/orders/:id/statuses',
    'GET /V1/orders/items',
    'GET /V1/orders/items/:id',
    'GET /V1/invoices',
    'GET /V1/invoices/:id',
    'GET /V1/shipments',
    'GET /V1/shipment/:id',
    'GET /V1/creditmemos',
    'GET /V1/creditmemo/:id',
  ],
} as const
