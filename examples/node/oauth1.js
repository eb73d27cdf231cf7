// Reads a product with a request signed by OAuth 1.0a (docs/signing.md), with the package oauth-1.0a,
// just as it would be for Magento itself.
// Usage: node oauth1.js [SKU]
// Environment: CONSUMER_KEY, CONSUMER_SECRET, ACCESS_TOKEN, ACCESS_TOKEN_SECRET; GATEWAY_URL if it is
// not http://127.0.0.1:8080, GATEWAY_PUBLIC_URL if its public name is another
import { createHmac } from 'node:crypto'
import OAuth from 'oauth-1.0a'

const { CONSUMER_KEY = '', CONSUMER_SECRET = '' } = process.env
const { ACCESS_TOKEN = '', ACCESS_TOKEN_SECRET = '' } = process.env
const { GATEWAY_URL = 'http://127.0.0.1:8080', GATEWAY_PUBLIC_URL = GATEWAY_URL } = process.env
const [sku = '24-MB01'] = process.argv.slice(2)
const target = `/rest/V1/products/${encodeURIComponent(sku)}?fields=sku,name`

const client = new OAuth({
  consumer: { key: CONSUMER_KEY, secret: CONSUMER_SECRET },
  signature_method: 'HMAC-SHA256',
  hash_function: (text, key) => createHmac('sha256', key).update(text).digest('base64'),
})
const token = { key: ACCESS_TOKEN, secret: ACCESS_TOKEN_SECRET }
const signed = client.authorize({ url: GATEWAY_PUBLIC_URL + target, method: 'GET' }, token)

const answer = await fetch(GATEWAY_URL + target, { headers: { ...client.toHeader(signed) } })
process.stdout.write(`HTTP ${answer.status}\n${await answer.text()}\n`)
process.exitCode = answer.ok ? 0 : 1
