import type { JsonSchema } from '../contract/endpoint.ts'
import { maxSubjectLength } from '../contract/subjects.ts'

/* A web server may decode slashes in the path of a call, and would then resolve a part that is "." or "..". */
const skuForm = /^(?!(?:.*[/\\])?\.\.?(?:[/\\]|$))\S(?:.*\S)?$/

/** The SKUs that Magento accepts. */
export const skuSchema: JsonSchema = {
  type: 'string',
  minLength: 1,
  maxLength: maxSubjectLength,
  pattern: skuForm.source,
  examples: ['24-MB01'],
}

/** Whether a text matches {@link skuSchema}. */
export function isSku(text: string): boolean {
  // Counted in characters, some of which have two UTF-16 units.
  return skuForm.test(text) && [...text].length <= maxSubjectLength
}

/** What a caller is told that sent something else. */
export const skuExpected =
  'Invalid SKU: 1 to 64 characters, no space at its ends, no part "." or "..".'

/** The quantities that Magento accepts: `inventory_source_item.quantity` is a decimal(12,4). */
export const quantitySchema: JsonSchema = {
  type: 'number',
  minimum: 0,
  maximum: 99_999_999.9999,
  multipleOf: 0.0001,
  examples: [15],
}

/** Whether a quantity is more than none: programs that compute with doubles may write 5.5e-17, which Magento stores as 0. */
export function isInStock(qty: number): boolean {
  return Math.round(qty * 10_000) > 0
}

/** A quantity of a product. */
export interface Stock {
  readonly sku: string
  readonly qty: number
}

/** The schema of a {@link Stock}. */
export const stockSchema: JsonSchema = {
  type: 'object',
  properties: { sku: skuSchema, qty: quantitySchema },
  required: ['sku', 'qty'],
  additionalProperties: false,
}

/** The schema of a refusal because a product does not exist. */
export const productNotFoundSchema: JsonSchema = {
  type: 'object',
  properties: {
    success: { const: false },
    message: { type: 'string', examples: ['Product not found: 24-MB01'] },
  },
  required: ['success', 'message'],
}
