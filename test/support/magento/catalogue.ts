import { noSuchEntity } from './magento-error.ts'

/** A product; only what the services look at is named. */
export interface Product {
  readonly id: number
  readonly sku: string
  readonly name: string
  readonly price: number
  readonly [field: string]: unknown
}

/** A quantity of a SKU in a source. */
export interface SourceItem {
  readonly sku: string
  readonly source_code: string
  readonly quantity: number
  readonly status: number
}

const defaultSource = 'default'

/** The products, stock and orders of the shop. */
export class Catalogue {
  readonly products = new Map<string, Product>()
  readonly #sourceItems = new Map<string, SourceItem>()
  readonly orders = new Map<number, Record<string, unknown>>()

  constructor() {
    for (const [sku, name, price, quantity] of [
      ['my-sku-123', 'Linen shirt', 39.9, 10],
      ['24-MB01', 'Joust duffle bag', 34, 100],
      ['A/B', 'Adapter A to B', 5.5, 3],
    ] as const) {
      this.saveProduct({ sku, name, price })
      this.setQuantity(sku, quantity)
    }
    for (const id of [1, 2]) {
      this.orders.set(id, {
        entity_id: id,
        increment_id: String(id).padStart(9, '0'),
        state: 'processing',
        status: 'processing',
        grand_total: 34 * id,
        items: [{ item_id: id, sku: '24-MB01', qty_ordered: id }],
        status_histories: [],
      })
    }
  }

  /** The product of a SKU; throws Magento's 404. */
  product(sku: string): Product {
    const product = this.products.get(sku)
    if (product !== undefined) return product
    throw noSuchEntity(
      "The product that was requested doesn't exist. Verify the product and try again.",
    )
  }

  /** Creates or changes a product, and gives it whole. */
  saveProduct(fields: Readonly<Record<string, unknown>> & { readonly sku: string }): Product {
    const present = this.products.get(fields.sku)
    const product: Product = {
      id: this.products.size + 1,
      name: fields.sku,
      price: 0,
      attribute_set_id: 4,
      status: 1,
      visibility: 4,
      type_id: 'simple',
      created_at: '2026-01-01 00:00:00',
      updated_at: '2026-01-01 00:00:00',
      extension_attributes: { website_ids: [1] },
      product_links: [],
      options: [],
      media_gallery_entries: [],
      tier_prices: [],
      custom_attributes: [{ attribute_code: 'tax_class_id', value: '2' }],
      ...present,
      ...fields,
    }
    this.products.set(product.sku, product)
    return product
  }

  /** Quantity in the default source; undefined for a SKU that is not there. */
  quantity(sku: string): number | undefined {
    if (!this.products.has(sku)) return undefined
    return this.#sourceItems.get(sourceKey(sku, defaultSource))?.quantity ?? 0
  }

  setQuantity(sku: string, quantity: number): void {
    const status = quantity > 0 ? 1 : 0
    this.saveSourceItem({ sku, source_code: defaultSource, quantity, status })
  }

  get sourceItems(): readonly SourceItem[] {
    return [...this.#sourceItems.values()]
  }

  saveSourceItem(item: SourceItem): void {
    this.#sourceItems.set(sourceKey(item.sku, item.source_code), item)
  }

  deleteSourceItem({ sku, source_code }: Pick<SourceItem, 'sku' | 'source_code'>): void {
    this.#sourceItems.delete(sourceKey(sku, source_code))
  }
}

function sourceKey(sku: string, source: string): string {
  return JSON.stringify([sku, source])
}
