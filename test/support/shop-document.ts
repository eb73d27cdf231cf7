import type {
  SwaggerDocument,
  SwaggerOperation,
  SwaggerSchema,
} from '../../src/authorize/magento-contract/swagger.ts'

const string = { type: 'string' }
const integer = { type: 'integer' }
const number = { type: 'number' }
const boolean = { type: 'boolean' }
const ref = (name: string) => ({ $ref: `#/definitions/${name}` })
const list = (items: SwaggerSchema) => ({ type: 'array', items })

const entities = [
  'product',
  'category',
  'customer',
  'order',
  'invoice',
  'shipment',
  'coupon',
  'rule',
  'block',
  'page',
  'source',
  'stock',
]

function entityOf(name: string): SwaggerSchema {
  return {
    type: 'object',
    required: ['sku'],
    properties: {
      id: integer,
      sku: string,
      price_value: number,
      is_active: boolean,
      website_ids: list(integer),
      tier_prices: list(ref('tier-price')),
      extension_attributes: ref(`${name}-extension`),
      custom_attributes: list(ref('attribute')),
    },
  }
}

const definitions: Readonly<Record<string, SwaggerSchema>> = {
  attribute: {
    type: 'object',
    required: ['attribute_code', 'value'],
    properties: { attribute_code: string, value: string },
  },
  'tier-price': { type: 'object', properties: { qty: number, value: number, extra: ref('open') } },
  open: { type: 'object' },
  file: { type: 'object', properties: { base64_encoded_data: string, name: string } },
  'payment-method': {
    type: 'object',
    properties: { method: string, additional_data: list(string) },
  },
  'sales-rule-data-condition-interface': {
    type: 'object',
    properties: {
      conditions: list(ref('sales-rule-data-condition-interface')),
      operator: string,
      value: string,
    },
  },
  // Refers to itself, as categories do.
  'category-tree': {
    type: 'object',
    properties: { name: string, children_data: list(ref('category-tree')) },
  },
  ...Object.fromEntries(entities.map((name) => [name, entityOf(name)])),
  ...Object.fromEntries(
    entities.map((name) => [
      `${name}-extension`,
      { type: 'object', properties: { stock_item: ref('tier-price'), note_text: string } },
    ]),
  ),
}

const searchParameters = [
  ['[filterGroups][0][filters][0][field]', 'string'],
  ['[filterGroups][0][filters][0][value]', 'string'],
  ['[filterGroups][0][filters][0][conditionType]', 'string'],
  ['[sortOrders][0][field]', 'string'],
  ['[sortOrders][0][direction]', 'string'],
  ['[pageSize]', 'integer'],
  ['[currentPage]', 'integer'],
].map(([name = '', type = '']) => ({ name: `searchCriteria${name}`, in: 'query', type }))

interface OperationParts {
  readonly path?: readonly string[]
  readonly query?: SwaggerOperation['parameters']
  readonly body?: Readonly<Record<string, SwaggerSchema>>
  readonly required?: readonly string[]
}

function operation(parts: OperationParts): SwaggerOperation {
  const { path = [], query = [], body, required = Object.keys(body ?? {}).slice(0, 1) } = parts
  return {
    parameters: [
      ...path.map((name) => ({ name, in: 'path', type: 'string', required: true })),
      ...query,
      ...(body
        ? [{ name: 'Body', in: 'body', schema: { type: 'object', required, properties: body } }]
        : []),
    ],
  }
}

function pathsOf(name: string): SwaggerDocument['paths'] {
  const body = { [name]: ref(name), saveOptions: boolean }
  return {
    [`/V1/${name}s`]: {
      get: operation({ query: searchParameters }),
      post: operation({ body }),
    },
    [`/V1/${name}s/{sku}`]: {
      get: operation({
        path: ['sku'],
        query: [{ name: 'storeId', in: 'query', type: 'integer' }],
      }),
      put: operation({ path: ['sku'], body }),
      delete: operation({ path: ['sku'] }),
    },
  }
}

/** A shop of sixty-odd operations, in the form in which Magento tells of itself. */
export const shopDocument: SwaggerDocument = {
  swagger: '2.0',
  paths: {
    ...Object.assign({}, ...entities.map(pathsOf)),
    '/V1/products/attributes': { get: operation({}) },
    '/V1/categories/tree': {
      post: operation({ body: { tree: ref('category-tree') } }),
    },
    '/V1/inventory/source-items': {
      post: operation({ body: { sourceItems: list(ref('tier-price')) } }),
    },
    '/V1/inventory/are-products-salable': {
      get: operation({
        query: [
          { name: 'skus', in: 'query', type: 'array', items: string, required: true },
          { name: 'stockId', in: 'query', type: 'integer' },
        ],
      }),
    },
    '/V1/products/{sku}/media': {
      post: operation({ path: ['sku'], body: { content: ref('file') } }),
    },
    '/V1/salesRules': {
      post: operation({ body: { condition: ref('sales-rule-data-condition-interface') } }),
    },
    '/V1/carts/mine/payment-information': {
      post: operation({ body: { paymentMethod: ref('payment-method') } }),
    },
    '/V1/guest-carts/{cartId}/payment-information': {
      post: operation({
        path: ['cartId'],
        body: { paymentMethod: ref('payment-method'), email: string },
      }),
    },
    '/V1/magefine/inventaire': {
      post: operation({ body: { sku: string, qty: number }, required: ['sku', 'qty'] }),
    },
  },
  definitions,
  'x-anonymous': ['GET /V1/products', 'GET /V1/products/:sku'],
}
