import type { ClientRequest } from '../support/http-client.ts'
import { globexHeaders } from '../support/http-client.ts'

/** A request that an attacker sends with a valid credential, and what it must be answered. */
export interface Attack {
  /** As the row of docs/attacks.md begins. */
  readonly name: string
  readonly request: ClientRequest
  /** Code of the answer. */
  readonly code: string
}

const json = { ...globexHeaders, 'Content-Type': 'application/json' }

function post(name: string, path: string, body: unknown, code = 'attack-refused'): Attack {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { name, code, request: { method: 'POST', path, headers: json, body: text } }
}

function get(name: string, path: string, code = 'attack-refused', headers = {}): Attack {
  return { name, code, request: { path, headers: { ...globexHeaders, ...headers } } }
}

function withHeaders(attack: Attack, headers: Readonly<Record<string, string>>): Attack {
  return { ...attack, request: { ...attack.request, headers: { ...json, ...headers } } }
}

const cart = '/rest/V1/guest-carts/x'
const fileInfo = { base64_encoded_data: 'PD9waHA=', type: 'image/png', name: 'a.php' }
const cartItem = (extension: object) => ({
  cartItem: { sku: 'A', qty: 1, product_option: { extension_attributes: extension } },
})

/** The known attacks, from the public write-ups; none needs a schema to be refused. */
export const attacks: readonly Attack[] = [
  post('Query over body', `${cart}/items?cartItem[sku]=EVIL`, cartItem({}), 'query-not-allowed'),
  withHeaders(
    post('Multipart body', `${cart}/items`, '--x\r\n\r\n--x--\r\n', 'unsupported-media-type'),
    { 'Content-Type': 'multipart/form-data; boundary=x' },
  ),
  withHeaders(post('Form body', `${cart}/items`, 'cartItem[sku]=A', 'unsupported-media-type'), {
    'Content-Type': 'application/x-www-form-urlencoded',
  }),
  withHeaders(post('XML body', `${cart}/items`, '<a/>', 'unsupported-media-type'), {
    'Content-Type': 'application/xml',
  }),
  post('Sibling keys that fold into one', '/rest/V1/customers', { customer: { id: 7, _id: 1 } }),
  post('Sibling keys that differ by case', '/rest/V1/customers', { customer: { id: 7, Id: 1 } }),
  post('Duplicate keys', '/rest/V1/customers', '{"customer":{"id":7,"id":1}}', 'invalid-json'),
  {
    name: 'Another cart in the body than in the path',
    code: 'attack-refused',
    request: {
      method: 'PUT',
      path: `${cart}/order?fields=x`,
      headers: json,
      body: JSON.stringify({ cart_id: 'y', paymentMethod: { method: 'checkmo' } }),
    },
  },
  post('Many items of a list in the form of SOAP', '/rest/V1/products', {
    sourceItems: { item: [{ sku: 'A' }, { sku: 'B' }] },
  }),
  get('List of a query in the form of SOAP', '/rest/V1/products?skus[item][0]=A&skus[item][1]=B'),
  get('Parameter in two spellings', '/rest/V1/products?s[pageSize]=1&s[page_size]=99999'),
  get(
    'Page size under a name that Magento does not read',
    '/rest/V1/products?search_criteria[pageSize]=1&searchCriteria[currentPage]=1',
  ),
  get(
    'Page size that a text takes the place of',
    '/rest/V1/products?searchCriteria[pageSize]=1&searchCriteria=',
  ),
  get(
    'Page size behind more parameters than PHP takes',
    `/rest/V1/products?${Array.from({ length: 1000 }, (_, index) => `a${index}`).join('&')}&searchCriteria[pageSize]=1`,
  ),
  post('CosmicSting (CVE-2024-34102)', `${cart}/estimate-shipping-methods`, {
    address: {
      totalsCollector: {
        collectorList: {
          totalCollector: { sourceData: { data: 'http://x/', dataIsURL: true, options: 1337 } },
        },
      },
    },
  }),
  post(
    'CosmicSting, names escaped',
    `${cart}/estimate-shipping-methods`,
    String.raw`{"address":{"s\u006furceData":{}}}`,
  ),
  post('XML entity in a text', '/rest/V1/customers', {
    customer: { firstname: '<!ENTITY % x "">' },
  }),
  post('SessionReaper (CVE-2025-54236)', `${cart}/estimate-shipping-methods`, {
    address: {
      directoryData: {
        context: { urlDecoder: { urlBuilder: { session: { sessionConfig: { savePath: 'x' } } } } },
      },
    },
  }),
  get('Object injection by query', '/rest/V1/products?a[totalsCollector][collectorList]=1'),
  post('PolyShell: file in a cart item', `${cart}/items`, {
    ...cartItem({ custom_options: [{ extension_attributes: { file_info: fileInfo } }] }),
  }),
  post('File content in a cart under another name', `${cart}/items`, cartItem({ photo: fileInfo })),
  post('TrojanOrder (CVE-2022-24086)', `${cart}/shipping-information`, {
    addressInformation: { shipping_address: { firstname: '{{var this.getTemplateFilter()}}' } },
  }),
  post(
    'Template directive, escaped',
    `${cart}/shipping-information`,
    String.raw`{"address":{"city":"\u007b\u007bvar x}}"}}`,
  ),
  withHeaders(post('Method override by header', '/rest/V1/products', {}), {
    'X-HTTP-Method-Override': 'DELETE',
  }),
  post('Method override by body', '/rest/V1/products', { _method: 'DELETE' }),
  get('Store override by query', '/rest/V1/products/a?___store=wholesale'),
  get('Schema document', '/rest/all/schema?services=all', 'bad-request-target'),
  get('Schema document under another name', '/rest/schemaX/V1/x', 'bad-request-target'),
  get('SOAP', '/soap/default?wsdl', 'bad-request-target'),
  get('GraphQL', '/graphql?query={x}', 'bad-request-target'),
  post('Async without a grant', '/rest/async/V1/products', {}, 'route-not-granted'),
  post('Bulk without a grant', '/rest/async/bulk/V1/products', [], 'route-not-granted'),
  post('Async with a grant', '/rest/async/V1/customers', { customer: { id: 7, _id: 1 } }),
  post('Bulk with a grant', '/rest/async/bulk/V1/customers', [{}, { customer: { savePath: '' } }]),
  post('Token guessing in bulk', '/rest/async/bulk/V1/integration/customer/token', [
    { username: 'a', password: 'b' },
  ]),
  { name: 'Body on GET', code: 'bad-request', request: { headers: json, body: '{}' } },
]

/** Routes that make no attack fail for want of a grant, but async where that is the point. */
export const attackedRoutes: readonly string[] = [
  'GET /V1/products',
  'GET /V1/products/:sku',
  'POST /V1/products',
  'POST /V1/customers',
  'POST /V1/guest-carts/:cartId/items',
  'POST /V1/guest-carts/:cartId/estimate-shipping-methods',
  'POST /V1/guest-carts/:cartId/shipping-information',
  'POST /V1/guest-carts/:cartId/payment-information',
  'PUT /V1/guest-carts/:cartId/order',
  'POST /V1/integration/customer/token',
  'POST /V1/customers/isEmailAvailable',
  'POST /async/V1/customers',
  'POST /async/bulk/V1/customers',
  'POST /async/bulk/V1/integration/customer/token',
]
