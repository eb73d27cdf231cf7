// Sets the stock of one product: node post-inventory.js [SKU [QTY]]
import process from 'node:process'
import axios from 'axios'

const { GATEWAY_URL: gatewayUrl = 'http://127.0.0.1:8080', INTEGRATION_TOKEN: token } = process.env
const [sku = '24-MB01', qty = '42'] = process.argv.slice(2)
if (!token) {
  process.stderr.write('INTEGRATION_TOKEN must be set\n')
  process.exit(2)
}

try {
  const { status, data } = await axios.post(
    `${gatewayUrl}/rest/V1/magefine/inventaire`,
    { sku, qty: Number(qty) },
    {
      headers: { Authorization: `Bearer ${token}` },
      maxRedirects: 0,
      timeout: 60_000,
      validateStatus: () => true,
    },
  )
  process.stdout.write(`HTTP ${status}\n${JSON.stringify(data)}\n`)
  process.exitCode = status >= 200 && status < 300 ? 0 : 1
} catch (error) {
  // Its message only: the error itself holds the request, with the token.
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
