import type { Catalogue } from '../catalogue.ts'
import { objectParameter } from '../input.ts'
import { noSuchEntity } from '../magento-error.ts'
import type { Route } from '../route.ts'
import { searchResult } from './search-criteria.ts'

const resource = 'Magento_Sales::actions_view'

/** Orders and comments on them (Magento: Sales/etc/webapi.xml). */
export function orderRoutes(catalogue: Catalogue): Route[] {
  const orderOf = (id: string | undefined) => {
    const order = catalogue.orders.get(Number(id))
    if (order !== undefined) return order
    throw noSuchEntity(
      "The entity that was requested doesn't exist. Verify the entity and try again.",
    )
  }
  return [
    {
      method: 'GET',
      path: '/V1/orders',
      resource,
      serve: ({ input }) => searchResult([...catalogue.orders.values()], input),
    },
    {
      method: 'GET',
      path: '/V1/orders/:id',
      resource,
      serve: ({ variables }) => orderOf(variables.id),
    },
    {
      method: 'POST',
      path: '/V1/orders/:id/comments',
      resource: 'Magento_Sales::comment',
      serve: ({ input, variables }) => {
        const comments = orderOf(variables.id).status_histories as unknown[]
        comments.push(objectParameter(input, 'statusHistory'))
        return true
      },
    },
  ]
}
