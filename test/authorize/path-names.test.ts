import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { namesPathVariable } from '../../src/authorize/path-names.ts'

describe('a name stands for a variable of the path in another spelling', () => {
  for (const [route, name] of [
    ['PUT /V1/carts/:cartId/order', 'cart_id'],
    ['PUT /V1/carts/:cartId/order', '_cartId'],
    ['PUT /V1/carts/:cartId/items/:itemId', 'quote_id'],
    ['PUT /V1/products/:id', 'Sku'],
    ['PUT /V1/carts/:id/coupons/:couponCode', 'cart_id'],
    ['PUT /V1/carts/:cart_id/order', 'cart_id'],
    ['PUT /V1/guest-carts/:id/collect-totals', 'CartId'],
    ['POST /V1/purchase-order-carts/:id/payment-information', 'cart_id'],
    ['POST /V1/negotiable-carts/:id/payment-information', 'cart_id'],
    ['PUT /V1/products/:sku/stockItems/:itemId', 'product_sku'],
    ['PUT /async/V1/products/attributes/:code/options/:optionId', 'attribute_code'],
    ['PUT /V1/carts/:cartId/coupons/:couponCode', 'coupon_code'],
    ['PUT /V1/carts/mine/coupons/:code', 'coupon_code'],
    ['POST /V1/order/:id/invoice', 'order_id'],
    ['POST /V1/order/:order_id/ship', 'order_id'],
    ['POST /async/V1/invoice/:id/refund', 'invoice_id'],
    ['POST /V1/customers/:id/carts', 'customer_id'],
    ['PUT /V1/categories/:id/move', 'category_id'],
    ['POST /V1/carts/mine/gift-message/:id', 'item_id'],
    ['PUT /V1/products/attributes/:code/is-filterable/:value', 'is_filterable'],
    ['PUT /V1/tfa/default-provider-code/:id', 'user_id'],
    ['PUT /V1/tfa/user-providers/:id', 'user_id'],
    ['POST /V1/bundle-products/:sku/links/:id', 'option_id'],
    ['PUT /V1/products/attributes/:attributeCode/options/:id', 'option_id'],
    ['POST /V1/products/:sku/group-prices/:group/tiers/:qty/price/:price', 'customer_group_id'],
    ['POST /V1/acme/:order_id/ship', 'orderId'],
    ['PUT /V1/products/:sku', 'Sku'],
  ] as const) {
    test(`${name} in ${route}`, () => assert.ok(namesPathVariable(route, ['other', name])))
  }
})

describe('a name is taken for none', () => {
  for (const [route, name] of [
    ['POST /V1/guest-carts/:cartId/payment-information', 'cartId'],
    ['POST /V1/guest-carts/:cart/payment-information', 'cartId'],
    ['POST /V1/guest-carts/:cart_id/payment-information', 'cartId'],
    ['POST /V1/carts/:cartId/items', 'quoteId'],
    ['PUT /V1/carts/mine/order', 'cart_id'],
    ['POST /V1/order/:id/invoice', 'orderId'],
    ['PUT /V1/carts/:cartId', 'customer_id'],
    ['PUT /V1/products/:sku', 'product'],
    ['PUT /V1/products/:sku', 'sku'],
    ['PUT /V1/acme/:order_id', 'order_id'],
  ] as const) {
    test(`${name} in ${route}`, () => assert.ok(!namesPathVariable(route, [name])))
  }
})
