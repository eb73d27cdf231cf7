import { createHmac } from 'node:crypto'
import { canonicalRequest } from '../../../src/authenticate/canonical-request.ts'
import { curlCommand } from '../../../src/cli/sign/curl-command.ts'
import { testEnv } from '../../support/gateway.ts'

/** When the client of these tests signs. */
export const signedAt = '2026-11-24T12:00:00.000Z'

/** What a client signs; the parts that a test does not give are those of a write. */
export interface ClientParts {
  readonly timestamp: string
  readonly nonce: string
  readonly method: string
  readonly path: string
  readonly query: string
  readonly body: string
}

/** What it sends. */
export const sent: ClientParts = {
  timestamp: String(Date.parse(signedAt) / 1000),
  nonce: 'b7f0c1d2e3a4958677b7f0c1d2e3a495',
  method: 'POST',
  path: '/rest/V1/products/A%2FB',
  query: 'fields=sku&a[]=x%2Fy',
  body: '{"sku": "A/B", "name": "Café"}',
}

/** An HMAC-SHA256 in hex. */
export function hmac(text: string | Buffer, secret: string = testEnv.ACME_HMAC_SECRET): string {
  return createHmac('sha256', secret).update(text).digest('hex')
}

/** The canonical string of what is sent, but for what the client does otherwise. */
export function canonicalOf(changes: Partial<ClientParts> = {}): string {
  return canonicalRequest({ ...sent, ...changes })
}

/** The request as a curl command, with the headers of scheme `canonical`. */
export function curlOf(signature: string, changes: Partial<ClientParts> = {}): string {
  const { timestamp, nonce, method, path, query, body } = { ...sent, ...changes }
  const url = `https://gateway.example${path}${query === '' ? '' : `?${query}`}`
  return curlCommand({ method, url, body }, [
    { name: 'Authorization', value: `Bearer ${testEnv.ACME_TOKEN}` },
    { name: 'Content-Type', value: 'application/json' },
    { name: 'X-Timestamp', value: timestamp },
    { name: 'X-Nonce', value: nonce },
    { name: 'X-Signature', value: signature },
  ])
}
