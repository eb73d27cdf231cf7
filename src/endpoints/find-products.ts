import type { CallMagento, EndpointAnswer } from '../contract/endpoint.ts'
import { type Rejection, reject } from '../problem.ts'
import { asComparedByDatabase } from '../syntax/database-text.ts'
import { percentEncode } from '../syntax/percent-encoding.ts'
import { askOfProduct } from './ask-of-product.ts'
import { concernsAll, messageOf } from './magento-refusal.ts'

/** Keeps the request target, with the rest of the search, below 4,000 bytes; nginx accepts 8 KiB. */
const listBytes = 3_600
const comma = '%2C'

/** The SKUs that the shop does not have, each with the reason that its caller is told. */
export interface FoundProducts {
  readonly missing: ReadonlyMap<string, string>
}

interface Found {
  readonly sku?: unknown
}

/**
 * Looks products up by their SKUs, many with one search.
 * @returns which of the SKUs do not exist; or, if Magento does not carry out a search, the answer to the whole request
 */
export async function findProducts(
  skus: readonly string[],
  callMagento: CallMagento,
): Promise<FoundProducts | EndpointAnswer | Rejection> {
  const missing = new Map<string, string>()
  // Magento splits lists at commas, which cannot be escaped, so these SKUs are looked up one by one (Magento:
  // Framework/Api/SearchCriteria).
  for (const sku of skus.filter((each) => each.includes(','))) {
    const answer = await askOfProduct(callMagento, '/V1/products', sku, 'sku')
    if (concernsAll(answer)) return answer
    if ('code' in answer || answer.status !== 200) missing.set(sku, messageOf(answer))
  }
  for (const list of inLists(skus.filter((each) => !each.includes(',')))) {
    const answer = await search(list, callMagento)
    if ('code' in answer || answer.status !== 200) return answer
    const { items } = (answer.body ?? {}) as { readonly items?: unknown }
    if (!Array.isArray(items))
      return reject('upstream-error', 'a search without a list of products')
    const there = new Set(
      items.map((item: Found | null) => asComparedByDatabase(String(item?.sku))),
    )
    for (const sku of list) {
      if (!there.has(asComparedByDatabase(sku))) missing.set(sku, `Product not found: ${sku}`)
    }
  }
  return { missing }
}

/** Splits SKUs into lists that are short enough for a request line. */
function inLists(skus: readonly string[]): string[][] {
  const lists: string[][] = []
  let left = 0
  for (const sku of skus) {
    const bytes = percentEncode(sku).length + comma.length
    if (bytes > left) {
      lists.push([])
      left = listBytes
    }
    lists.at(-1)?.push(sku)
    left -= bytes
  }
  return lists
}

function search(skus: readonly string[], callMagento: CallMagento) {
  const filter = 'searchCriteria%5BfilterGroups%5D%5B0%5D%5Bfilters%5D%5B0%5D'
  return callMagento({
    method: 'GET',
    path: '/V1/products',
    query: [
      `${filter}%5Bfield%5D=sku`,
      `${filter}%5BconditionType%5D=in`,
      `${filter}%5Bvalue%5D=${skus.map(percentEncode).join(comma)}`,
      `searchCriteria%5BpageSize%5D=${skus.length}`,
      'fields=items%5Bsku%5D',
    ].join('&'),
  })
}
