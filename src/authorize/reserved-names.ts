import { apiRoute } from '../contract/api-route.ts'
import { type RoutePattern, unnamedRoute, variableOf } from '../contract/route-pattern.ts'

const carts = [
  'DELETE /V1/carts/*/coupons',
  'DELETE /V1/carts/*/giftCards/:',
  'DELETE /V1/carts/*/items/:',
  'GET /V1/carts/*/billing-address',
  'GET /V1/carts/*/coupons',
  'GET /V1/carts/*/gift-message',
  'GET /V1/carts/*/gift-message/:',
  'GET /V1/carts/*/items',
  'GET /V1/carts/*/payment-methods',
  'GET /V1/carts/*/selected-payment-method',
  'GET /V1/carts/*/shipping-methods',
  'GET /V1/carts/*/totals',
  'POST /V1/carts/*/balance/apply',
  'POST /V1/carts/*/billing-address',
  'POST /V1/carts/*/estimate-shipping-methods',
  'POST /V1/carts/*/estimate-shipping-methods-by-address-id',
  'POST /V1/carts/*/gift-message',
  'POST /V1/carts/*/items',
  'POST /V1/carts/*/shipping-information',
  'POST /V1/carts/*/totals-information',
  'PUT /V1/carts/*',
  'PUT /V1/carts/*/coupons/:',
  'PUT /V1/carts/*/items/:',
  'PUT /V1/carts/*/order',
  'PUT /V1/carts/*/selected-payment-method',
]

/** Beside products, with a variable behind them that takes even a literal such as `media` for its value. */
const attributePaths = ['attribute-sets', 'attributes']

/*
 * Names for which Magento has a route of its own in the place of a variable, by route; `*` marks the place (Magento and
 * Adobe Commerce 2.4.9: etc/webapi.xml of their modules). Of several routes that match, Magento takes the one with the
 * earliest literal (Magento: Webapi/Model/Rest/Config.php, getRestRoutes, and Webapi/Controller/Rest/Router.php): for
 * `/V1/products/attributes/media` that is `/V1/products/attributes/:attributeCode` rather than `/V1/products/:sku/media`.
 * Where it takes the values of two variables to lead to another route, the name of the first one is listed.
 */
const reserved: ReadonlyMap<string, readonly string[]> = new Map([
  ...carts.map((route): [string, string[]] => [route, ['mine']]),
  ['DELETE /V1/products/*/links/:/:', attributePaths],
  ['GET /V1/adobestock/asset/*', ['list', 'search']],
  ['GET /V1/bundle-products/:/options/*', ['all']],
  ['GET /V1/carts/*', ['licence', 'mine', 'search']],
  ['GET /V1/categories/*', ['attributes', 'list']],
  ['GET /V1/categories/*/products', ['attributes']],
  ['GET /V1/cmsBlock/*', ['search']],
  ['GET /V1/cmsPage/*', ['search']],
  ['GET /V1/company/*', ['relations', 'role']],
  ['GET /V1/companyCredits/*', ['history']],
  ['GET /V1/configurable-products/:/options/*', ['all']],
  ['GET /V1/coupons/*', ['search']],
  ['GET /V1/customerGroups/*', ['default', 'search']],
  ['GET /V1/customerGroups/*/permissions', ['default']],
  ['GET /V1/customers/*', ['companies', 'me', 'search']],
  ['GET /V1/customers/*/billingAddress', ['addresses', 'me']],
  ['GET /V1/customers/*/companies', ['addresses']],
  ['GET /V1/customers/*/confirm', ['addresses']],
  ['GET /V1/customers/*/shippingAddress', ['addresses', 'me']],
  ['GET /V1/eav/attribute-sets/*', ['list']],
  ['GET /V1/negotiable-cart-item-note/*', ['search']],
  ['GET /V1/negotiableQuoteTemplate/*', ['referenceDocumentLink']],
  ['GET /V1/orders/*', ['items']],
  ['GET /V1/orders/*/comments', ['items']],
  ['GET /V1/orders/*/statuses', ['items']],
  ['GET /V1/products/*', ['attributes', 'types']],
  ['GET /V1/products/*/downloadable-links', attributePaths],
  ['GET /V1/products/*/links/:', [...attributePaths, 'links']],
  ['GET /V1/products/*/media', attributePaths],
  ['GET /V1/products/*/media/:', [...attributePaths, 'links']],
  ['GET /V1/products/*/options', attributePaths],
  ['GET /V1/products/*/options/:', [...attributePaths, 'links']],
  ['GET /V1/products/attributes/*', ['types']],
  ['GET /V1/returnsAttributeMetadata/*', ['custom']],
  ['GET /V1/salesRules/*', ['search']],
  ['GET /V1/stockItems/*', ['lowStock']],
  ['GET /V1/taxClasses/*', ['search']],
  ['GET /V1/taxRates/*', ['search']],
  ['GET /V1/taxRules/*', ['search']],
  ['POST /V1/carts/*/gift-message/:', ['guest-carts', 'mine']],
  ['PUT /V1/company/*', ['assignRoles']],
  ['PUT /V1/customers/*', ['me', 'password', 'validate']],
  ['PUT /V1/customers/*/activate', ['me']],
  ['PUT /V1/orders/*', ['create']],
  ['PUT /V1/products/*', ['tier-prices']],
  ['PUT /V1/products/*/downloadable-links/:', attributePaths],
  ['PUT /V1/products/*/links', [...attributePaths, 'options']],
  ['PUT /V1/products/*/media/:', attributePaths],
  ['PUT /V1/products/*/stockItems/:', attributePaths],
  ['PUT /V1/products/*/websites', [...attributePaths, 'options']],
])

/** Segments that a variable of a route does not stand for, although they are in its place. */
export interface ReservedNames {
  /** Of the segment, counted as in the pattern. */
  readonly index: number
  readonly names: readonly string[]
}

/** The names that are reserved in a route of Magento's own; none for any other route. */
export function reservedNames({
  method,
  segments,
}: Omit<RoutePattern, 'text'>): readonly ReservedNames[] {
  const own = apiRoute(segments).segments
  const skipped = segments.length - own.length
  return own.flatMap((segment, at): ReservedNames[] => {
    if (variableOf(segment) === undefined) return []
    const names = reserved.get(unnamedRoute(`${method} /${own.with(at, '*').join('/')}`))
    return names === undefined ? [] : [{ index: at + skipped, names }]
  })
}

/** Whether the segments of a path, which a route matches, have one of its reserved names. */
export function hasReservedName(
  reserved: readonly ReservedNames[],
  segments: readonly string[],
): boolean {
  return reserved.some(({ index, names }) => names.includes(segments[index] ?? ''))
}
