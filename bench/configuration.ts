import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dump } from 'js-yaml'
import type { SwaggerDocument } from '../src/authorize/magento-contract/swagger.ts'

/** How the caller signs. */
export type Scheme = 'body' | 'canonical'

/** Secrets of the benchmark, as environment variables. */
export const benchEnv = {
  BENCH_TOKEN: 'bench-token-0123456789abcdef',
  BENCH_SECRET: 'bench-secret-0123456789abcdef',
  BENCH_MAGENTO: 'bench-magento-0123456789abcdef',
}

/** Never reached. */
export const benchLimit = { perSecond: 900_000, burst: 1_000_000 }

/** From where and what the integration of the benchmark may call. */
export const benchGrants = {
  addresses: ['127.0.0.0/8'],
  routes: ['GET /V1/products/:sku', 'POST /V1/products'],
}

/** The schema of bodies that are posted. */
export const itemsSchema = {
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
}

/** The same in the form in which Magento tells of itself. */
export const itemsDocument: SwaggerDocument = {
  swagger: '2.0',
  paths: {
    '/V1/products': {
      post: {
        parameters: [
          {
            name: 'PostV1ProductsBody',
            in: 'body',
            schema: {
              type: 'object',
              required: ['items'],
              properties: { items: { type: 'array', items: { $ref: '#/definitions/item' } } },
            },
          },
        ],
      },
    },
  },
  definitions: {
    item: {
      type: 'object',
      properties: { sku: { type: 'string' }, qty: { type: 'number' } },
    },
  },
}

interface ConfigOver {
  readonly listen?: object
  readonly audit?: object
  readonly store?: object
  readonly rateLimit?: object
}

/**
 * Writes a configuration with every policy on, and limits that are never reached.
 * @param over laid over sections of gateway.yaml and the rate limit, key by key
 */
export function writeBenchConfig(
  folder: string,
  magentoUrl: string,
  scheme: Scheme,
  over: ConfigOver = {},
): void {
  const limit = { rate: `${benchLimit.perSecond}/s`, burst: benchLimit.burst }
  const gateway = {
    listen: { host: '127.0.0.1', port: 0, requireHttps: false, ...over.listen },
    magento: { url: magentoUrl },
    audit: { file: join(folder, 'audit.jsonl'), ...over.audit },
    limits: { perAddress: { ...limit, refusals: limit } },
    ...(over.store && { store: over.store }),
  }
  const integration = {
    name: 'bench',
    credentials: {
      token: 'env:BENCH_TOKEN',
      signature: { scheme, secrets: [{ id: 'k1', value: 'env:BENCH_SECRET' }] },
    },
    upstream: { bearer: 'env:BENCH_MAGENTO' },
    policies: {
      ipAllowlist: benchGrants.addresses,
      rateLimit: { ...limit, ...over.rateLimit },
      routes: benchGrants.routes,
      requestSchema: { 'POST /V1/products': 'items.json' },
    },
  }
  mkdirSync(join(folder, 'integrations'), { recursive: true })
  mkdirSync(join(folder, 'schemas'))
  writeFileSync(join(folder, 'gateway.yaml'), dump(gateway))
  writeFileSync(join(folder, 'integrations', 'bench.yaml'), dump(integration))
  writeFileSync(join(folder, 'schemas', 'items.json'), JSON.stringify(itemsSchema))
}
