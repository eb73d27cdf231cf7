type Schema = Readonly<Record<string, unknown>>

function object(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
): Schema {
  return { type: 'object', properties, ...(required.length > 0 && { required }) }
}

function ref(name: string): Schema {
  return { $ref: `#/definitions/${name}` }
}

const string: Schema = { type: 'string' }
const number: Schema = { type: 'number' }
const integer: Schema = { type: 'integer' }

/** Definitions of the document: members in snake case, extension interfaces without members. */
export const definitions: Readonly<Record<string, Schema>> = {
  'error-response': object({ message: string, code: integer, trace: string }, ['message']),
  'catalog-data-product-interface': object(
    {
      id: integer,
      sku: string,
      name: string,
      attribute_set_id: integer,
      price: number,
      status: integer,
      visibility: integer,
      type_id: string,
      weight: number,
      extension_attributes: ref('catalog-data-product-extension-interface'),
      custom_attributes: {
        type: 'array',
        items: object({ attribute_code: string, value: string }, ['attribute_code', 'value']),
      },
    },
    ['sku'],
  ),
  'catalog-data-product-extension-interface': { type: 'object' },
  'catalog-inventory-data-stock-item-interface': object(
    { item_id: integer, product_id: integer, stock_id: integer, qty: number },
    ['qty'],
  ),
  'inventory-api-data-source-item-interface': object({
    sku: string,
    source_code: string,
    quantity: number,
    status: integer,
  }),
  'sales-data-order-status-history-interface': object({ comment: string, status: string }, [
    'comment',
  ]),
}

const product = object({ product: ref('catalog-data-product-interface') }, ['product'])
const sourceItems = object(
  {
    sourceItems: { type: 'array', items: ref('inventory-api-data-source-item-interface') },
  },
  ['sourceItems'],
)
const credentials = object({ username: string, password: string }, ['username', 'password'])

/** Bodies by method and path: top-level members in camel case. */
export const bodies: Readonly<Record<string, Schema>> = {
  'POST /V1/products': product,
  'PUT /V1/products/:sku': product,
  'POST /V1/inventory/source-items': sourceItems,
  'POST /V1/inventory/source-items-delete': sourceItems,
  'PUT /V1/products/:productSku/stockItems/:itemId': object(
    { stockItem: ref('catalog-inventory-data-stock-item-interface') },
    ['stockItem'],
  ),
  'POST /V1/orders/:id/comments': object(
    { statusHistory: ref('sales-data-order-status-history-interface') },
    ['statusHistory'],
  ),
  'POST /V1/magefine/inventaire': object({ sku: string, qty: number }, ['sku', 'qty']),
  'POST /V1/integration/admin/token': credentials,
  'POST /V1/integration/customer/token': credentials,
}
