import type { Catalogue } from '../catalogue.ts'
import { objectParameter } from '../input.ts'
import { requiredFields } from '../magento-error.ts'
import type { Route } from '../route.ts'
import { searchResult } from './search-criteria.ts'

const resource = 'Magento_Catalog::products'

/** Products (Magento: Catalog/etc/webapi.xml). */
export function productRoutes(catalogue: Catalogue): Route[] {
  const save = (product: Record<string, unknown>) => {
    const { sku } = product
    if (typeof sku !== 'string' || sku === '') throw requiredFields(['sku'])
    return catalogue.saveProduct({ ...product, sku })
  }
  return [
    {
      method: 'GET',
      path: '/V1/products',
      resource,
      serve: ({ input }) => searchResult([...catalogue.products.values()], input),
    },
    {
      method: 'POST',
      path: '/V1/products',
      resource,
      serve: ({ input }) => save(objectParameter(input, 'product')),
    },
    {
      method: 'GET',
      path: '/V1/products/:sku',
      resource,
      serve: ({ variables }) => catalogue.product(variables.sku ?? ''),
    },
    {
      method: 'PUT',
      path: '/V1/products/:sku',
      resource,
      serve: ({ input, variables }) =>
        save({ ...objectParameter(input, 'product'), sku: variables.sku }),
    },
    {
      method: 'DELETE',
      path: '/V1/products/:sku',
      resource,
      serve: ({ variables }) => {
        const { sku } = catalogue.product(variables.sku ?? '')
        return catalogue.products.delete(sku)
      },
    },
  ]
}
