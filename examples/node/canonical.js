// Sets a stock with a request signed by scheme canonical (docs/signing.md).
// Environment: INTEGRATION_TOKEN, HMAC_SECRET; GATEWAY_URL if it is not http://127.0.0.1:8080
import { createHash, createHmac, randomBytes } from 'node:crypto'

const { GATEWAY_URL = 'http://127.0.0.1:8080', INTEGRATION_TOKEN, HMAC_SECRET } = process.env
const method = 'POST'
const path = '/rest/V1/magefine/inventaire'
const query = ''
const body = JSON.stringify({ sku: '24-MB01', qty: 42 })

const timestamp = String(Math.floor(Date.now() / 1000))
const nonce = randomBytes(16).toString('hex')
const digest = createHash('sha256').update(body).digest('hex')
const canonical = ['magegate-v1', timestamp, nonce, method, path, query, digest].join('\n')

const answer = await fetch(`${GATEWAY_URL}${path}${query === '' ? '' : `?${query}`}`, {
  method,
  body,
  headers: {
    Authorization: `Bearer ${INTEGRATION_TOKEN}`,
    'Content-Type': 'application/json',
    'X-Timestamp': timestamp,
    'X-Nonce': nonce,
    'X-Signature': createHmac('sha256', HMAC_SECRET ?? '')
      .update(canonical)
      .digest('hex'),
  },
})
process.stdout.write(`HTTP ${answer.status}\n${await answer.text()}\n`)
process.exitCode = answer.ok ? 0 : 1
