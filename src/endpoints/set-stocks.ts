import type {
  ItemResult as AnyResult,
  CallMagento,
  Endpoint,
  EndpointSettings,
  MagentoAnswer,
} from '../endpoint.ts'
import { percentEncode } from '../percent-encoding.ts'
import { type Rejection, reject } from '../problem.ts'
import { acceptedSchema } from './accepted-schema.ts'
import { askOfProduct } from './ask-of-product.ts'
import { quantitySchema, type Stock, skuSchema, stockSchema } from './product-schemas.ts'
import { setSourceItems } from './set-source-items.ts'
import { setStockItem } from './set-stock.ts'

/** What became of one item. */
type ItemResult = AnyResult & Stock

/** So many are taken; those beyond {@link answeredAtOnce} as a job. */
const maxItems = 10_000
const answeredAtOnce = 1_000

interface Items {
  readonly items: readonly Stock[]
}

/** Sets the quantities of many products, and tells of each what became of it. */
export const setStocks: Endpoint = {
  routes: ['POST /V1/magefine/inventaire/bulk', 'POST /V1/magefine/inventory/bulk'],
  summary: 'Set the quantities of many products',
  isRepeatable: true,
  isLong: (body) => (body as Items).items.length > answeredAtOnce,
  request: {
    type: 'object',
    properties: { items: { type: 'array', minItems: 1, maxItems, items: stockSchema } },
    required: ['items'],
    additionalProperties: false,
  },
  explain: (violations) =>
    violations.some(({ pointer }) => pointer.startsWith('/items/'))
      ? 'Invalid items: each is an object with "sku" and "qty", as "errors" says.'
      : `Invalid body: an object with "items", an array of 1 to ${maxItems}.`,
  answers: {
    200: {
      description: 'What became of each item, in their order. `success` is true where all are set.',
      schema: {
        type: 'object',
        properties: {
          success: { type: 'boolean' },
          results: {
            type: 'array',
            items: {
              type: 'object',
              properties: {
                sku: skuSchema,
                qty: quantitySchema,
                success: { type: 'boolean' },
                message: { type: 'string' },
              },
              required: ['sku', 'qty', 'success'],
              additionalProperties: false,
            },
          },
        },
        required: ['success', 'results'],
        additionalProperties: false,
      },
    },
    202: {
      description: `Accepted as a job, which tells of each item: more than ${answeredAtOnce} items.`,
      schema: acceptedSchema,
    },
  },
  run: async ({ body, callMagento, settings, items: log }) => {
    const { items } = body as Items
    const twice = skuThatStandsTwice(items)
    if (twice !== undefined) {
      return reject('invalid-body', 'an SKU stands twice', {
        detail: `Invalid items: the SKU ${twice} stands twice.`,
        members: { success: false },
      })
    }
    const results: AnyResult[] = [...(log?.done ?? [])]
    while (results.length < items.length) {
      const chunk = items.slice(results.length, results.length + settings.arrayLimit)
      const { known, rejection } = await setChunk(chunk, callMagento, settings)
      results.push(...known)
      if (known.length > 0) await log?.note(known, items.length)
      if (rejection === undefined) continue
      // Nothing has been done yet, or it is tried again, so the whole request can be answered so.
      if (results.length === 0 || log !== undefined) return rejection
      // Where one was taken the next one may be, too.
      const given = known.length === 0 ? chunk : chunk.slice(known.length, known.length + 1)
      results.push(...given.map((item) => failed(item, rejection.detail ?? rejection.code)))
    }
    const success = results.every((result) => result.success)
    return { status: 200, body: log === undefined ? { success, results } : { success } }
  },
}

function skuThatStandsTwice(items: readonly Stock[]): string | undefined {
  const seen = new Set<string>()
  for (const { sku } of items) {
    // Magento compares SKUs without case.
    const folded = sku.toLowerCase()
    if (seen.has(folded)) return sku
    seen.add(folded)
  }
  return undefined
}

/** What is known of the first items of some, and what kept Magento from the others. */
interface Outcome {
  readonly known: readonly ItemResult[]
  readonly rejection?: Rejection | undefined
}

async function setChunk(
  chunk: readonly Stock[],
  callMagento: CallMagento,
  { sourceCode }: EndpointSettings,
): Promise<Outcome> {
  if (sourceCode === undefined) return each(chunk, (item) => setStockItem(item, callMagento))
  const found = await findProducts(chunk, callMagento)
  if ('code' in found) return { known: [], rejection: found }
  const isThere = ({ sku }: Stock) => found.skus.has(sku.toLowerCase())
  const there = chunk.filter(isThere)
  const set = (items: readonly Stock[]) => setSourceItems(callMagento, sourceCode, items)
  const answer = there.length === 0 ? { status: 200, body: [] } : await set(there)
  if ('code' in answer) return { known: [], rejection: answer }
  // Magento says of a refused array not which of its items it refused.
  const { known, rejection } =
    answer.status === 200
      ? { known: there.map((item) => ({ ...item, success: true })) }
      : await each(there, (item) => set([item]))
  const bySku = new Map(known.map((result) => [result.sku, result]))
  const open = chunk.findIndex((item) => isThere(item) && !bySku.has(item.sku))
  const first = open === -1 ? chunk : chunk.slice(0, open)
  return {
    known: first.map(
      (item) => bySku.get(item.sku) ?? failed(item, `Product not found: ${item.sku}`),
    ),
    rejection,
  }
}

/** Sets items one after the other, until Magento does not answer. */
async function each(
  items: readonly Stock[],
  set: (item: Stock) => Promise<MagentoAnswer | Rejection>,
): Promise<Outcome> {
  const known: ItemResult[] = []
  for (const item of items) {
    const answer = await set(item)
    if (!('code' in answer)) known.push(resultOf(item, answer))
    else if (answer.code === 'entity-not-found') {
      known.push(failed(item, answer.detail ?? answer.code))
    } else return { known, rejection: answer }
  }
  return { known }
}

function resultOf({ sku, qty }: Stock, { status, body }: MagentoAnswer): ItemResult {
  if (status === 200) return { sku, qty, success: true }
  const { message } = (body ?? {}) as { readonly message?: unknown }
  return failed({ sku, qty }, typeof message === 'string' ? message : `Magento answered ${status}`)
}

function failed({ sku, qty }: Stock, message: string): ItemResult {
  return { sku, qty, success: false, message }
}

/** The SKUs among some that the shop has, in lower case. */
async function findProducts(
  items: readonly Stock[],
  callMagento: CallMagento,
): Promise<{ readonly skus: ReadonlySet<string> } | Rejection> {
  const skus = new Set<string>()
  // A list is split at its commas, and there is no escape (Magento: Framework/Api/SearchCriteria).
  const listed = items.filter(({ sku }) => !sku.includes(','))
  for (const { sku } of items.filter((item) => !listed.includes(item))) {
    const answer = await askOfProduct(callMagento, '/V1/products', sku, 'sku')
    if ('code' in answer) {
      if (answer.code !== 'entity-not-found') return answer
    } else if (answer.status === 200) skus.add(sku.toLowerCase())
    else return refused(answer)
  }
  if (listed.length === 0) return { skus }
  const filter = 'searchCriteria%5BfilterGroups%5D%5B0%5D%5Bfilters%5D%5B0%5D'
  const answer = await callMagento({
    method: 'GET',
    path: '/V1/products',
    query: [
      `${filter}%5Bfield%5D=sku`,
      `${filter}%5BconditionType%5D=in`,
      `${filter}%5Bvalue%5D=${percentEncode(listed.map(({ sku }) => sku).join(','))}`,
      `searchCriteria%5BpageSize%5D=${listed.length}`,
      'fields=items%5Bsku%5D',
    ].join('&'),
  })
  if ('code' in answer) return answer
  if (answer.status !== 200) return refused(answer)
  const { items: found } = answer.body as { readonly items: readonly { readonly sku: string }[] }
  for (const { sku } of found) skus.add(sku.toLowerCase())
  return { skus }
}

function refused({ status }: MagentoAnswer): Rejection {
  return reject('upstream-error', `Magento answered a search for products with ${status}`, {
    detail: `Magento refused to look for the products, with status ${status}.`,
  })
}
