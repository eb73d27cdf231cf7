import { foldName } from '../contract/folded-names.ts'
import { variableOf } from '../contract/route-pattern.ts'

/*
 * Magento's own names of variables that its services take beside the body, by the segment before the variable. The
 * configuration may name them differently.
 */
const magentoNames: ReadonlyMap<string, readonly string[]> = new Map([
  ['carts', ['cartId', 'quoteId']],
  ['guest-carts', ['cartId']],
  ['negotiable-carts', ['cartId']],
  ['purchase-order-carts', ['cartId']],
  ['products', ['sku', 'productSku']],
  ['attributes', ['attributeCode']],
  ['is-filterable', ['isFilterable']],
  ['options', ['optionId']],
  ['links', ['optionId']],
  ['group-prices', ['customerGroupId']],
  ['coupons', ['couponCode']],
  ['gift-message', ['itemId']],
  ['categories', ['categoryId']],
  ['customers', ['customerId']],
  ['order', ['orderId']],
  ['invoice', ['invoiceId']],
  ['default-provider-code', ['userId']],
  ['user-providers', ['userId']],
])

/**
 * Whether one of the names, of the members of a body or of parameters, is that of a variable of the path in another
 * spelling than the variable's own. Magento may take such a value in place of the path's: of the spellings in a PUT, and
 * in its newest code in a POST too, it keeps the first, which is the body's, and a service prefers camel case (Magento:
 * Webapi/Controller/Rest/InputParamsResolver.php, filterInputData, and Framework/Webapi/ServiceInputProcessor.php,
 * process). A name in the variable's own spelling does no harm, since the path replaces its value.
 * @param route as granted or called: `PUT /V1/carts/:cartId/order`
 */
export function namesPathVariable(route: string, names: readonly string[]): boolean {
  if (names.length === 0) return false
  const segments = route.split('/')
  return segments.some((segment, index) => {
    const own = variableOf(segment)
    return own !== undefined && isRespelled(spellingsOf(segments[index - 1] ?? '', own), names)
  })
}

function spellingsOf(before: string, own: string): readonly string[] {
  const known = magentoNames.get(before) ?? []
  return isRespelled(known, [own]) || known.includes(own) ? known : [...known, own]
}

function isRespelled(spellings: readonly string[], names: readonly string[]): boolean {
  const folded = new Set(spellings.map(foldName))
  return names.some((name) => folded.has(foldName(name)) && !spellings.includes(name))
}
