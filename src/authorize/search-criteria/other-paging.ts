import { foldName } from '../../contract/folded-names.ts'
import type { RequestTarget } from '../../request-context.ts'
import { snakeCase } from '../magento-contract/spelling.ts'
import type { QueryParameter } from '../query-parameters.ts'

/** The paging of a read that has a parameter of its own for it instead of search criteria. */
export interface OtherPaging {
  /** The parameter as Magento documents it. */
  readonly parameter: string
  /** The page sizes that the query asks for; with none it asks for everything. */
  readonly pageSizes: readonly string[]
  /** Whether PHP or Magento could use another page size than the one found here. */
  readonly isAmbiguous: boolean
}

/** The parameters, by the path of their route. */
const parameters: Readonly<Record<string, string>> = {
  // Magento: CatalogInventory/Api/StockRegistryInterface.php, getLowStockItems
  'V1/stockItems/lowStock': 'pageSize',
  // Magento: InventoryInStorePickupApi/Api/Data/SearchRequestInterface.php
  'V1/inventory/in-store-pickup/pickup-locations': 'searchRequest[pageSize]',
}

/** Finds the paging of a read; undefined if it is paged by search criteria or not at all. */
export function otherPaging(
  { segments }: RequestTarget,
  query: readonly QueryParameter[],
): OtherPaging | undefined {
  const parameter = parameters[segments.join('/')]
  if (parameter === undefined) return undefined
  const [name = '', ...keys] = parameter.split(/[[\]]+/, 2)
  // In another spelling Magento ignores it, and returns everything.
  const spellings = [name, snakeCase(name)]
  const steps = [name, ...keys].map(foldName)
  const own = query.filter(({ path }) => foldName(path[0] ?? '') === steps[0])
  const sizes = own.filter(
    ({ path }) =>
      path.length === steps.length && path.every((step, index) => foldName(step) === steps[index]),
  )
  const names = new Set(own.map(({ path }) => path[0] ?? ''))
  return {
    parameter,
    pageSizes: sizes.map(({ value }) => value),
    isAmbiguous:
      names.size > 1 ||
      sizes.length > 1 ||
      own.some(({ path }) => path.length < steps.length) ||
      [...names].some((each) => !spellings.includes(each)),
  }
}
