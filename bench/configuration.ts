import { createHmac } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'

/** Secrets of the benchmark, as environment variables. */
export const benchEnv = {
  BENCH_TOKEN: 'bench-token-0123456789abcdef',
  BENCH_SECRET: 'bench-secret-0123456789abcdef',
  BENCH_MAGENTO: 'bench-magento-0123456789abcdef',
}

/** Writes a configuration with every policy on, and limits that are never reached. */
export function writeBenchConfig(folder: string, magentoUrl: string): void {
  const limit = { rate: '900000/s', burst: 1_000_000 }
  mkdirSync(join(folder, 'integrations'))
  mkdirSync(join(folder, 'schemas'))
  writeFileSync(
    join(folder, 'gateway.yaml'),
    stringify({
      listen: { host: '127.0.0.1', port: 0, requireHttps: false },
      magento: { url: magentoUrl },
      audit: { file: join(folder, 'audit.jsonl') },
      limits: { perAddress: limit },
    }),
  )
  writeFileSync(
    join(folder, 'integrations', 'bench.yaml'),
    stringify({
      name: 'bench',
      credentials: {
        token: 'env:BENCH_TOKEN',
        signature: { scheme: 'body', secrets: [{ id: 'k1', value: 'env:BENCH_SECRET' }] },
      },
      upstream: { bearer: 'env:BENCH_MAGENTO' },
      policies: {
        ipAllowlist: ['127.0.0.0/8'],
        rateLimit: limit,
        routes: ['GET /V1/products/:sku', 'POST /V1/products'],
        requestSchema: { 'POST /V1/products': 'items.json' },
        // The same body is sent again and again.
        repeatGuard: { windowMs: 0 },
      },
    }),
  )
  writeFileSync(
    join(folder, 'schemas', 'items.json'),
    JSON.stringify({
      type: 'object',
      required: ['items'],
      additionalProperties: false,
      properties: {
        items: {
          type: 'array',
          items: {
            type: 'object',
            required: ['sku', 'qty'],
            additionalProperties: false,
            properties: { sku: { type: 'string', maxLength: 64 }, qty: { type: 'number' } },
          },
        },
      },
    }),
  )
}

/** A kind of request that is measured. */
export interface Case {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  /** How many are sent in a round, as a share of what was asked for. */
  readonly share: number
}

function signed(
  name: string,
  method: Case['method'],
  path: string,
  body: string,
  share: number,
): Case {
  const headers = {
    Authorization: `Bearer ${benchEnv.BENCH_TOKEN}`,
    'X-Signature': createHmac('sha256', benchEnv.BENCH_SECRET).update(body).digest('hex'),
    'User-Agent': 'bench/1.0',
    Accept: 'application/json',
    ...(body !== '' && { 'Content-Type': 'application/json' }),
  }
  return { name, method, path, body, headers, share }
}

function itemsOf(bytes: number): string {
  const item = '{"sku":"24-MB01-0000","qty":15}'
  return `{"items":[${Array(Math.floor((bytes - 12) / (item.length + 1)))
    .fill(item)
    .join(',')}]}`
}

/** What is measured. */
export const cases: readonly Case[] = [
  signed('GET of a product', 'GET', '/rest/V1/products/24-MB01', '', 1),
  signed('POST of 200 bytes', 'POST', '/rest/V1/products', itemsOf(200), 1),
  signed('POST of 64 KiB', 'POST', '/rest/V1/products', itemsOf(65_536), 0.1),
]
