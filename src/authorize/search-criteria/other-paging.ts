import type { RequestTarget } from '../../request-context.ts'
import { foldName } from '../folded-names.ts'
import type { QueryParameter } from '../query-parameters.ts'

/** Where a read is paged by a parameter of its own, and not by search criteria. */
export interface OtherPaging {
  /** The parameter as Magento documents it. */
  readonly parameter: string
  /** The page sizes that a query asks for; none asks for all there is. */
  readonly pageSizes: readonly string[]
  /** Whether PHP and Magento could take another value for the page size than the one that is written. */
  readonly isAmbiguous: boolean
}

/** The parameters, by the route that has them. */
const parameters: Readonly<Record<string, string>> = {
  // Magento: CatalogInventory/Api/StockRegistryInterface.php, getLowStockItems
  'V1/stockItems/lowStock': 'pageSize',
  // Magento: InventoryInStorePickupApi/Api/Data/SearchRequestInterface.php
  'V1/inventory/in-store-pickup/pickup-locations': 'searchRequest[pageSize]',
}

/** Finds how a read is paged; undefined where it is paged by search criteria, or not at all. */
export function otherPaging(
  { segments }: RequestTarget,
  query: readonly QueryParameter[],
): OtherPaging | undefined {
  const parameter = parameters[segments.join('/')]
  if (parameter === undefined) return undefined
  const steps = parameter.split(/[[\]]+/, 2).map(foldName)
  const own = query.filter(({ path }) => foldName(path[0] ?? '') === steps[0])
  const sizes = own.filter(
    ({ path }) =>
      path.length === steps.length && path.every((step, index) => foldName(step) === steps[index]),
  )
  const names = new Set(own.map(({ path }) => path[0]))
  return {
    parameter,
    pageSizes: sizes.map(({ value }) => value),
    isAmbiguous:
      names.size > 1 || sizes.length > 1 || own.some(({ path }) => path.length < steps.length),
  }
}
