import type { JsonSchema } from '../contract/endpoint.ts'

const maxSkuLength = 64
/* A part that is "." or ".." would be a step in the path of a call, where a web server may decode slashes. */
const skuForm = /^(?!(?:.*[/\\])?\.\.?(?:[/\\]|$))\S(?:.*\S)?$/

/** A SKU as Magento takes it: `catalog_product_entity.sku` has 64 characters. */
export const skuSchema: JsonSchema = {
  type: 'string',
  minLength: 1,
  maxLength: maxSkuLength,
  pattern: skuForm.source,
  examples: ['24-MB01'],
}

/** Whether a text matches {@link skuSchema}. */
export function isSku(text: string): boolean {
  // Characters, of which some have two UTF-16 units.
  return skuForm.test(text) && [...text].length <= maxSkuLength
}

/** What is answered to a text that is none. */
export const skuExpected =
  'Invalid SKU: 1 to 64 characters, no space at its ends, no part "." or "..".'

/** A quantity as Magento takes it: `inventory_source_item.quantity` is a decimal(12,4). */
export const quantitySchema: JsonSchema = {
  type: 'number',
  minimum: 0,
  maximum: 99_999_999.9999,
  multipleOf: 0.0001,
  examples: [15],
}

/** A quantity of a product. */
export interface Stock {
  readonly sku: string
  readonly qty: number
}

/** Of a {@link Stock}. */
export const stockSchema: JsonSchema = {
  type: 'object',
  properties: { sku: skuSchema, qty: quantitySchema },
  required: ['sku', 'qty'],
  additionalProperties: false,
}

/** Of a refusal that names a product which is not there. */
export const productNotFoundSchema: JsonSchema = {
  type: 'object',
  properties: {
    success: { const: false },
    message: { type: 'string', examples: ['Product not found: 24-MB01'] },
  },
  required: ['success', 'message'],
}
