// Sets a stock with a request signed by scheme rfc9421 (docs/signing.md): hmac-sha256 with a shared
// secret, or ed25519 with a private key of which the gateway knows the public one.
// Environment: SIGNING_KEY_ID, HMAC_SECRET or PRIVATE_KEY_FILE (PEM); GATEWAY_URL if it is not
// http://127.0.0.1:8080, GATEWAY_AUTHORITY if the gateway has another public name than that
import { createHash, createHmac, createPrivateKey, randomBytes, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'

const { GATEWAY_URL = 'http://127.0.0.1:8080', SIGNING_KEY_ID, HMAC_SECRET = '' } = process.env
const { GATEWAY_AUTHORITY = new URL(GATEWAY_URL).host, PRIVATE_KEY_FILE } = process.env
const algorithm = PRIVATE_KEY_FILE ? 'ed25519' : 'hmac-sha256'
const method = 'POST'
const path = '/rest/V1/magefine/inventaire'
const query = ''
const body = JSON.stringify({ sku: '24-MB01', qty: 42 })

const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
const covered = {
  '@method': method,
  '@authority': GATEWAY_AUTHORITY,
  '@path': path,
  '@query': `?${query}`,
  'content-digest': digest,
  'content-type': 'application/json',
}
const created = Math.floor(Date.now() / 1000)
const names = Object.keys(covered).map((name) => `"${name}"`)
const parameters =
  `(${names.join(' ')});created=${created};expires=${created + 60}` +
  `;nonce="${randomBytes(16).toString('hex')}";keyid="${SIGNING_KEY_ID}";alg="${algorithm}";tag="magegate"`
const lines = Object.entries(covered).map(([name, value]) => `"${name}": ${value}\n`)
const base = `${lines.join('')}"@signature-params": ${parameters}`
const signature = PRIVATE_KEY_FILE
  ? sign(null, Buffer.from(base), createPrivateKey(readFileSync(PRIVATE_KEY_FILE)))
  : createHmac('sha256', HMAC_SECRET).update(base).digest()

const answer = await fetch(`${GATEWAY_URL}${path}${query === '' ? '' : `?${query}`}`, {
  method,
  body,
  headers: {
    'Content-Type': 'application/json',
    'Content-Digest': digest,
    'Signature-Input': `sig1=${parameters}`,
    Signature: `sig1=:${signature.toString('base64')}:`,
  },
})
process.stdout.write(`HTTP ${answer.status}\n${await answer.text()}\n`)
process.exitCode = answer.ok ? 0 : 1
