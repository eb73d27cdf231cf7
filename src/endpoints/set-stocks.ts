import type {
  ItemResult as AnyResult,
  CallMagento,
  Endpoint,
  EndpointAnswer,
  EndpointSettings,
} from '../contract/endpoint.ts'
import { type Rejection, reject } from '../problem.ts'
import { asComparedByDatabase } from '../syntax/database-text.ts'
import { acceptedSchema } from './accepted-schema.ts'
import { findProducts } from './find-products.ts'
import { concernsAll, messageOf } from './magento-refusal.ts'
import { quantitySchema, type Stock, skuSchema, stockSchema } from './product-schemas.ts'
import { setSourceItems } from './set-source-items.ts'
import { setStockItem } from './set-stock.ts'

/** The result of one item. */
type ItemResult = AnyResult & Stock

/** At most this many items are accepted; if there are more than {@link answeredAtOnce}, as a job. */
const maxItems = 10_000
const answeredAtOnce = 1_000

interface Items {
  readonly items: readonly Stock[]
}

/** Sets the quantities of many products and reports the result of each. */
export const setStocks: Endpoint = {
  routes: ['POST /V1/magefine/inventaire/bulk', 'POST /V1/magefine/inventory/bulk'],
  summary: 'Set the quantities of many products',
  isRepeatable: true,
  longList: { name: 'items', mostAtOnce: answeredAtOnce },
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
  objection: (body) => {
    const twice = findRepeatedSku((body as Items).items)
    if (twice === undefined) return undefined
    return reject('invalid-body', 'an SKU occurs twice', {
      detail: `Invalid items: the SKU ${twice} occurs twice.`,
      members: { success: false },
    })
  },
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
      description: `Accepted as a job, with a result for each item: more than ${answeredAtOnce} items.`,
      schema: acceptedSchema,
    },
  },
  run: async ({ body, callMagento, settings, items: log }) => {
    const { items } = body as Items
    const results: AnyResult[] = [...(log?.done ?? [])]
    while (results.length < items.length) {
      const chunk = items.slice(results.length, results.length + settings.arrayLimit)
      const { known, end } = await setChunk(chunk, callMagento, settings)
      results.push(...known)
      if (known.length > 0) await log?.note(known, items.length)
      if (end === undefined) continue
      // Nothing has been set, or the job keeps what has been, so a single answer to the whole request is enough.
      if (log !== undefined || !results.some(({ success }) => success)) return end
      results.push(...items.slice(results.length).map((item) => failed(item, messageOf(end))))
    }
    const success = results.every((result) => result.success)
    return { status: 200, body: log === undefined ? { success, results } : { success } }
  },
}

function findRepeatedSku(items: readonly Stock[]): string | undefined {
  const seen = new Set<string>()
  for (const { sku } of items) {
    const folded = asComparedByDatabase(sku)
    if (seen.has(folded)) return sku
    seen.add(folded)
  }
  return undefined
}

/** The results so far, and if there is one, the answer that ends the whole request before the other items. */
interface Outcome {
  readonly known: readonly ItemResult[]
  readonly end?: EndpointAnswer | Rejection | undefined
}

async function setChunk(
  chunk: readonly Stock[],
  callMagento: CallMagento,
  { sourceCode }: EndpointSettings,
): Promise<Outcome> {
  if (sourceCode === undefined) return each(chunk, (item) => setStockItem(item, callMagento))
  const skus = chunk.map(({ sku }) => sku)
  const found = await findProducts(skus, callMagento)
  if (!('missing' in found)) return { known: [], end: found }
  const { missing } = found
  const there = chunk.filter(({ sku }) => !missing.has(sku))
  const set = (items: readonly Stock[]) => setSourceItems(callMagento, sourceCode, items)
  const answer = there.length === 0 ? { status: 200, body: [] } : await set(there)
  if (concernsAll(answer)) return { known: [], end: answer }
  // When Magento refuses an array it does not say because of which items.
  const { known, end }: Outcome =
    'status' in answer && answer.status === 200
      ? { known: there.map((item) => ({ ...item, success: true })) }
      : await each(there, (item) => set([item]))
  const bySku = new Map(known.map((result) => [result.sku, result]))
  const open = chunk.findIndex(({ sku }) => !missing.has(sku) && !bySku.has(sku))
  const first = open === -1 ? chunk : chunk.slice(0, open)
  return {
    known: first.map((item) => bySku.get(item.sku) ?? failed(item, missing.get(item.sku) ?? '')),
    end,
  }
}

/** Sets items one after the other until an answer concerns all of them. */
async function each(
  items: readonly Stock[],
  set: (item: Stock) => Promise<EndpointAnswer | Rejection>,
): Promise<Outcome> {
  const known: ItemResult[] = []
  for (const item of items) {
    const answer = await set(item)
    if (concernsAll(answer)) return { known, end: answer }
    const isSet = 'status' in answer && answer.status === 200
    known.push(isSet ? { ...item, success: true } : failed(item, messageOf(answer)))
  }
  return { known }
}

function failed({ sku, qty }: Stock, message: string): ItemResult {
  return { sku, qty, success: false, message }
}
