import { join } from 'node:path'
import { parseRequestTarget } from '../src/admit/request-target.ts'
import { compileBodySchema } from '../src/authorize/body-schema.ts'
import { compileContract } from '../src/authorize/magento-contract/contract.ts'
import { parseStrictJson } from '../src/authorize/strict-json.ts'
import { Secret } from '../src/contract/secret.ts'
import { DialectMemory } from '../src/forward/oauth1/dialect-memory.ts'
import { prepareOauth1 } from '../src/forward/oauth1/oauth1-attempt.ts'
import { prepareAuditRecord } from '../src/record/audit-record.ts'
import { openMetrics } from '../src/record/metrics.ts'
import { compileBodyRedaction } from '../src/record/redaction/body-redaction.ts'
import { compileRedaction } from '../src/record/redaction/compile-redaction.ts'
import { compileCredentialNames } from '../src/record/redaction/credential-names.ts'
import { prepareTokenHash } from '../src/record/token-hash.ts'
import { openAuditLog } from '../src/record/trail/audit-log.ts'
import type { RequestContext } from '../src/request-context.ts'
import { memoryBuckets } from '../src/store/memory-buckets.ts'
import { memoryNonces } from '../src/store/memory-nonces.ts'
import { requestContext } from '../test/support/request.ts'
import { itemsOf, type SignedRequest, signRequest, smallGet } from './cases.ts'
import { benchEnv, itemsDocument, itemsSchema } from './configuration.ts'
import { measureBackground, measurePiece, type Piece } from './micro.ts'
import { table } from './table.ts'
import { measureVerifications } from './verifications.ts'

/**
 * Measures single pieces of the pipeline.
 * @param folder where an audit trail may be written
 */
export async function reportPieces(folder: string): Promise<string> {
  const pieces = await measurePieces(signRequest(smallGet, 'body'), folder)
  const rows = pieces.map(({ name, us }) => [name, us.toFixed(us < 10 ? 2 : 0)])
  return table([['piece', 'µs'], ...rows])
}

/** @param get a signed request without body */
async function measurePieces(get: SignedRequest, folder: string): Promise<Piece[]> {
  const clock = () => performance.now()
  const stores = new Set(['default', 'all'])
  const [small, large] = [Buffer.from(itemsOf(200, 1)), Buffer.from(itemsOf(65_536, 1))]
  const smallValue: unknown = JSON.parse(small.toString())
  const largeValue: unknown = JSON.parse(large.toString())
  const validate = compileBodySchema(itemsSchema)
  const { checkBody } = itemsOperation()
  const buckets = memoryBuckets(100_000, clock)
  const limit = { ratePerSecond: 1e9, burst: 1_000_000 }
  const useNonce = memoryNonces(1_000_000, clock)
  let nonce = 0
  const useNextNonce = () => {
    nonce += 1
    return useNonce('acme-erp', `bench-nonce-${nonce}`, 100)
  }
  const ended = endedRequest(get)
  const redact = await compileRedaction(Object.values(benchEnv).map((text) => new Secret(text)))
  const auditRecord = prepareAuditRecord({
    onUnbuilt: (_request, error) => {
      throw error
    },
    hashToken: prepareTokenHash('bench'),
    showBody: compileBodyRedaction(compileCredentialNames(), redact),
  })
  const record = auditRecord(ended)
  const audit = await openAuditLog({ file: join(folder, 'audit.jsonl') }, redact, (error) => {
    throw error
  })
  const metrics = openMetrics()
  const pieces = [
    measurePiece('request target, parsed', () => parseRequestTarget(get.path, stores)),
    ...measureVerifications(),
    measurePiece('request to Magento signed, OAuth 1.0a', signForMagento(get.path)),
    measurePiece('limit in memory', () => buckets.take('127.0.0.1', limit)),
    measurePiece('nonce in memory', useNextNonce),
    measurePiece('strict JSON of 200 B, parsed', () => parseStrictJson(small)),
    measurePiece('strict JSON of 64 KiB, parsed', () => parseStrictJson(large)),
    measurePiece('schema of 64 KiB, validated', () => validate(largeValue)),
    measurePiece("Magento's schema of 200 B, validated", () => checkBody(smallValue, 'sync')),
    measurePiece("Magento's schema of 64 KiB, validated", () => checkBody(largeValue, 'sync')),
    measurePiece('audit record, built', () => auditRecord(ended)),
    measurePiece('metrics of a record, counted', () => metrics.observe(record, ended)),
  ]
  const written = await measureBackground('audit record, built and written, of 32', 32, () =>
    audit.write(Array.from({ length: 32 }, () => auditRecord(ended))),
  )
  const alone = await measureBackground('audit record, built and written alone', 1, () =>
    audit.write([auditRecord(ended)]),
  )
  await audit.close()
  return [...pieces, written, alone]
}

/** Signs a read with credentials as long as Magento's. */
function signForMagento(path: string): () => unknown {
  const secret = (name: string) => new Secret(name.padEnd(32, '0'))
  const begin = prepareOauth1({
    credentials: {
      consumerKey: secret('consumer-key'),
      consumerSecret: secret('consumer-secret'),
      accessToken: secret('access-token'),
      accessTokenSecret: secret('access-token-secret'),
    },
    origin: 'https://shop.example',
    memory: new DialectMemory('2.4.8'),
    clock: () => performance.now(),
  })
  const request = { method: 'GET', target: { path, query: undefined }, header: () => undefined }
  return () => begin(request)
}

function itemsOperation() {
  const contract = compileContract(itemsDocument, { maxStringLength: 65_536, maxItems: 5_000 })
  const segments = ['V1', 'products']
  const operation = contract.find('POST', { execution: 'sync', segments })
  if (operation === undefined) throw new Error('the document of the benchmark has no operation')
  return operation
}

function contextOf({ method, path, headers, body }: SignedRequest): RequestContext {
  return requestContext({ method, target: path, headers, ...(body !== null && { body }) })
}

/** A request that was answered, with all that its record tells. */
function endedRequest(request: SignedRequest): RequestContext {
  const context = contextOf(request)
  context.claimed = { integration: 'bench', by: 'token' }
  context.verified = 'bench'
  context.clientIp = '127.0.0.1'
  context.keyId = 'k1'
  context.route = 'GET /V1/products/:sku'
  context.routeVariables = new Map([['sku', '24-MB01']])
  const { startedAt } = context
  context.upstream = { startedAt, spanId: '', origin: '', status: 200, durationMs: 1.25 }
  context.outcome = { status: 200 }
  context.endedAt = context.startedAt + 1.5
  context.bytesOut = 1024
  return context
}
