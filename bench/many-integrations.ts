import { hash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { dump } from 'js-yaml'
import { benchCaller, type Caller } from './cases.ts'
import { benchGrants, itemsSchema, writeBenchConfig } from './configuration.ts'

/** Schema files that the integrations share; partners of one kind post the same. */
const schemaFiles = 16

/** The integration of a number, with credentials of its own. 0 is the one that other benchmarks have. */
export function callerOf(number: number): Caller {
  if (number === 0) return benchCaller
  // As random to look at as real ones, and the same in every process.
  const of = (what: string) => hash('sha256', `${what} ${number}`, 'base64url')
  return { token: of('token'), secret: of('secret') }
}

/**
 * Writes a configuration of so many integrations, each in a file of its own, with token, secret, allowlist,
 * limits, grants and a schema.
 */
export function writeManyIntegrations(folder: string, magentoUrl: string, count: number): void {
  writeBenchConfig(folder, magentoUrl, 'body')
  mkdirSync(join(folder, 'secrets'))
  for (let index = 0; index < schemaFiles; index += 1) {
    writeFileSync(join(folder, 'schemas', `items-${index}.json`), JSON.stringify(itemsSchema))
  }
  for (let number = 1; number < count; number += 1) writeIntegration(folder, number)
}

function writeIntegration(folder: string, number: number): void {
  const name = `partner-${number.toString().padStart(5, '0')}`
  const { token, secret } = callerOf(number)
  writeFileSync(join(folder, 'secrets', `${name}.token`), token)
  writeFileSync(join(folder, 'secrets', `${name}.secret`), secret)
  const settings = {
    name,
    credentials: {
      token: `file:secrets/${name}.token`,
      signature: {
        scheme: 'body',
        secrets: [{ id: 'k1', value: `file:secrets/${name}.secret` }],
      },
    },
    upstream: { bearer: 'env:BENCH_MAGENTO' },
    policies: {
      ipAllowlist: [...benchGrants.addresses, `10.${number >> 8}.${number & 255}.0/24`],
      rateLimit: { rate: `${800_000 + number}/s`, burst: 1_000_000 },
      routes: [...benchGrants.routes, 'GET /V1/orders/:id'],
      requestSchema: { 'POST /V1/products': `items-${number % schemaFiles}.json` },
    },
  }
  writeFileSync(join(folder, 'integrations', `${name}.yaml`), dump(settings))
}
