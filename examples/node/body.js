// Sets a stock with a request signed by scheme body (docs/signing.md).
// Usage: node body.js [SKU [QTY]]
// Environment: INTEGRATION_TOKEN, HMAC_SECRET; GATEWAY_URL if it is not http://127.0.0.1:8080
import { createHmac } from 'node:crypto'

const { GATEWAY_URL = 'http://127.0.0.1:8080', INTEGRATION_TOKEN, HMAC_SECRET } = process.env
const [sku = '24-MB01', qty = '42'] = process.argv.slice(2)
const body = JSON.stringify({ sku, qty: Number(qty) })

const answer = await fetch(`${GATEWAY_URL}/rest/V1/magefine/inventaire`, {
  method: 'POST',
  body,
  headers: {
    Authorization: `Bearer ${INTEGRATION_TOKEN}`,
    'Content-Type': 'application/json',
    'X-Signature': createHmac('sha256', HMAC_SECRET ?? '')
      .update(body)
      .digest('hex'),
  },
})
process.stdout.write(`HTTP ${answer.status}\n${await answer.text()}\n`)
process.exitCode = answer.ok ? 0 : 1
