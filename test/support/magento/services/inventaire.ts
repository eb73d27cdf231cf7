import type { Catalogue } from '../catalogue.ts'
import { parameter } from '../input.ts'
import { badRequest, requiredFields } from '../magento-error.ts'
import type { Route } from '../route.ts'

const resource = 'Magefine_Inventaire::stock'

/** A module of the shop's own: sets a stock and shows a product, with the fields of an ERP. */
export function inventaireRoutes(catalogue: Catalogue): Route[] {
  return [
    {
      method: 'POST',
      path: '/V1/magefine/inventaire',
      resource,
      serve: ({ input }) => {
        const given = { sku: parameter(input, 'sku'), qty: parameter(input, 'qty') }
        const missing = Object.entries(given).filter(([, value]) => value === undefined)
        if (missing.length > 0) throw requiredFields(missing.map(([name]) => name))
        const { sku } = catalogue.product(String(given.sku))
        const qty = Number(given.qty)
        if (!(qty >= 0)) throw badRequest('The quantity %1 is not valid.', [given.qty])
        catalogue.setQuantity(sku, qty)
        return { success: true, sku, qty }
      },
    },
    {
      method: 'GET',
      path: '/V1/magefine/inventaire/:sku',
      resource,
      serve: ({ variables }) => {
        const { sku, name, price } = catalogue.product(variables.sku ?? '')
        return { sku, name, price }
      },
    },
  ]
}
