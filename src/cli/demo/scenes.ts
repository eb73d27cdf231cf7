import { createHmac } from 'node:crypto'
import type { CallerRequest } from './call.ts'

/**
 * The secrets that the example configuration refers to, for the demo only. They are fixed, so that commands can be
 * copied from the README, and are good for nothing but the stand-in on the loopback interface. Those that Magento itself
 * would make up have 32 characters, as there.
 */
export const demoSecrets = {
  ACME_TOKEN: 'demo-acme-integration-token',
  ACME_HMAC_SECRET: 'demo-acme-hmac-secret',
  ACME_MAGENTO_CONSUMER_KEY: 'demo-acme-consumer-key-000000000',
  ACME_MAGENTO_CONSUMER_SECRET: 'demo-acme-consumer-secret-000000',
  ACME_MAGENTO_ACCESS_TOKEN: 'demo-acme-access-token-000000000',
  ACME_MAGENTO_ACCESS_TOKEN_SECRET: 'demo-acme-access-secret-00000000',
  GLOBEX_TOKEN: 'demo-globex-integration-token',
  GLOBEX_MAGENTO_CONSUMER_KEY: 'demo-globex-consumer-key-0000000',
  GLOBEX_MAGENTO_CONSUMER_SECRET: 'demo-globex-consumer-secret-0000',
  GLOBEX_MAGENTO_ACCESS_TOKEN: 'demo-globex-access-token-0000000',
  GLOBEX_MAGENTO_ACCESS_TOKEN_SECRET: 'demo-globex-access-secret-000000',
} as const

/** One request of the demo, and why it is sent. */
export interface Scene {
  readonly title: string
  readonly request: CallerRequest
  /** How many times it is sent at once, with the answers being counted; by default once. */
  readonly times?: number
}

const json = { 'Content-Type': 'application/json' }
const globex = { Authorization: `Bearer ${demoSecrets.GLOBEX_TOKEN}` }
const acme = { Authorization: `Bearer ${demoSecrets.ACME_TOKEN}` }

function signed(body: string): Readonly<Record<string, string>> {
  const hmac = createHmac('sha256', demoSecrets.ACME_HMAC_SECRET).update(body)
  return { ...acme, ...json, 'X-Signature': hmac.digest('hex') }
}

const inventory = '/rest/V1/magefine/inventaire'
const update = '{"sku":"my-sku-123","qty":15}'
// Different from the README's, so that the write there can be tried by hand right after the demonstration.
const signedUpdate = '{"sku":"my-sku-123","qty":12}'

/** What the demo sends, in order. */
export const scenes: readonly Scene[] = [
  {
    title:
      'Globex knows bearer tokens only: it sets a stock. Magento gets signed requests (OAuth 1.0a)',
    request: { method: 'POST', path: inventory, headers: { ...globex, ...json }, body: update },
  },
  {
    title: '… and reads the product',
    request: { method: 'GET', path: `${inventory}/my-sku-123`, headers: globex },
  },
  {
    title: 'Acme signs its bodies too (X-Signature: hex HMAC-SHA256)',
    request: { method: 'POST', path: inventory, headers: signed(signedUpdate), body: signedUpdate },
  },
  {
    title: 'The same signature under another body',
    request: {
      method: 'POST',
      path: inventory,
      headers: signed(signedUpdate),
      body: '{"sku":"my-sku-123","qty":9999}',
    },
  },
  {
    title: 'A token that nobody has',
    request: {
      method: 'GET',
      path: `${inventory}/my-sku-123`,
      headers: { Authorization: 'Bearer guessed-token-guessed-token' },
    },
  },
  {
    title: 'A route that Globex was not granted',
    request: { method: 'GET', path: '/rest/V1/customers/1', headers: globex },
  },
  {
    title: 'A body that is not what the route takes',
    request: {
      method: 'POST',
      path: inventory,
      headers: { ...globex, ...json },
      body: '{"sku":"my-sku-123","qty":-5,"price":0}',
    },
  },
  {
    title: 'A path that a web server and PHP would read differently',
    request: { method: 'GET', path: '/rest/V1/products/%2e%2e/customers/1', headers: globex },
  },
  {
    title: 'More at once than the burst of Globex allows (20)',
    request: { method: 'GET', path: `${inventory}/my-sku-123`, headers: globex },
    times: 30,
  },
]
