import { rmSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../../src/config.ts'
import type { AuditRecord } from '../../src/record/audit-record.ts'
import { writeConfig } from './config-directory.ts'
import { scrape } from './metrics.ts'

/** Secrets of the integrations that tests use, as environment variables. */
export const testEnv = {
  ACME_TOKEN: 'acme-token-5b1c8e6f0a',
  ACME_HMAC_SECRET: 'acme-hmac-secret-77d0c2',
  ACME_HMAC_SECRET_NEXT: 'acme-hmac-secret-next-19f',
  GLOBEX_TOKEN: 'globex-token-0d9a4b7e2c',
  MAGENTO_TOKEN: 'magento-bearer-3f6e9d1c5a',
} as const

const routes = [
  'GET /V1/products',
  'GET /V1/products/:sku',
  'POST /V1/products',
  'DELETE /V1/products/:sku',
  'GET /V1/orders/:id',
  'GET /V1/magefine/inventaire/:sku',
  'POST /V1/magefine/inventaire',
]

/** An integration that presents a token and a signature over the body. */
export const acme = {
  name: 'acme-erp',
  credentials: {
    token: 'env:ACME_TOKEN',
    signature: { scheme: 'body', secrets: [{ id: 'k1', value: 'env:ACME_HMAC_SECRET' }] },
  },
  upstream: { bearer: 'env:MAGENTO_TOKEN' },
  // The stand-in has the module of the routes that the gateway could answer itself.
  policies: { ipAllowlist: ['127.0.0.0/8', '::1'], routes, endpoints: 'forward' },
}

/** An integration that presents a token only. */
export const globex = {
  name: 'globex-pim',
  credentials: { token: 'env:GLOBEX_TOKEN' },
  upstream: { bearer: 'env:MAGENTO_TOKEN' },
  policies: { routes, endpoints: 'forward' },
}

/** Limits of an address that no test comes near to. */
export const quietAddresses = {
  rate: '10000/s',
  burst: 100_000,
  refusals: { rate: '10000/s', burst: 1_000_000 },
}

/** What a test says of its gateway; what it leaves out has a value that gets in no way. */
export interface GatewayOptions {
  readonly magentoUrl: string
  /** Laid over the sections of `gateway.yaml`, key by key. */
  readonly gateway?: Readonly<Record<string, object>>
  readonly integrations?: readonly ({ readonly name: string } & Readonly<Record<string, unknown>>)[]
  readonly schemas?: Readonly<Record<string, unknown>>
  readonly endpoints?: Readonly<Record<string, unknown>>
  readonly magentoSchema?: unknown
  readonly env?: Readonly<Record<string, string>>
}

/** A gateway that listens on loopback. */
export interface TestGateway extends AsyncDisposable {
  readonly url: string
  readonly adminUrl: string
  /** The raw audit trail. */
  readonly auditText: () => Promise<string>
  /** The audit records once there are so many, in the order of their ends. */
  readonly auditRecords: (count: number) => Promise<AuditRecord[]>
  /** The audit record of a request once there is one, by its `X-Request-Id`. */
  readonly recordOf: (requestId: unknown) => Promise<AuditRecord>
  readonly stop: () => Promise<void>
}

/** The content of `gateway.yaml` for a test. */
export function gatewaySettings({ magentoUrl, gateway = {} }: GatewayOptions, auditFile: string) {
  const settings = {
    listen: { host: '127.0.0.1', port: 0, requireHttps: false },
    admin: { host: '127.0.0.1', port: 0 },
    magento: { url: magentoUrl },
    audit: { file: auditFile },
    limits: { perAddress: quietAddresses },
    shutdown: { noticeMs: 0 },
  }
  const sections = { ...settings, ...gateway }
  return Object.fromEntries(
    Object.entries(sections).map(([name, section]) => [
      name,
      { ...settings[name as keyof typeof settings], ...section },
    ]),
  )
}

// Also those of gateways that did not start, or were stopped to be read.
const folders = new Set<string>()
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Loads a configuration from files that are written for it. */
export async function loadedConfig(options: GatewayOptions, auditFile: string): Promise<Config> {
  const { integrations = [acme, globex], schemas, endpoints, env = {} } = options
  await using files = await writeConfig({
    gateway: gatewaySettings(options, auditFile),
    integrations: Object.fromEntries(integrations.map((each) => [each.name, each])),
    ...(schemas && { schemas }),
    ...(endpoints && { endpoints }),
    ...(options.magentoSchema !== undefined && { magentoSchema: options.magentoSchema }),
  })
  // Only here, since many tests need no more than the settings, and loading a gateway takes a second.
  const { loadConfig } = await import('../../src/config.ts')
  return await loadConfig(files.path, { ...testEnv, ...env })
}

/** Starts a gateway from configuration files that are written for it. */
export async function startGateway(options: GatewayOptions): Promise<TestGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'magegate-audit-'))
  folders.add(folder)
  const auditFile = join(folder, 'audit.jsonl')
  const { buildGateway } = await import('../../src/gateway.ts')
  const gateway = await buildGateway(await loadedConfig(options, auditFile))
  const { url, adminUrl = '' } = await gateway.start()
  let isStopped = false
  const stop = async () => {
    await gateway.stop()
    isStopped = true
  }
  const auditText = async () => {
    // Records of reads are written a little later than their answers.
    if (!isStopped) await scrape({ adminUrl })
    return readFile(auditFile, 'utf8')
  }
  const auditRecords = async (count: number) => {
    for (;;) {
      const lines = (await auditText()).split('\n').slice(0, -1)
      if (lines.length >= count) return lines.map((line) => JSON.parse(line) as AuditRecord)
      await delay(2)
    }
  }
  return {
    url,
    adminUrl,
    auditText,
    auditRecords,
    recordOf: async (requestId) => {
      for (let count = 1; ; count += 1) {
        const records = await auditRecords(count)
        const record = records.find((each) => each.requestId === requestId)
        if (record !== undefined) return record
      }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
