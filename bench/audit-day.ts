/*
 * A day of audit records, written as the gateway writes them, and searched: how long it takes, with the
 * indexes and without. Its one argument is the number of records, ten million if left out.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openChainedFile } from '../src/record/trail/chained-file.ts'
import { segmentFiles } from '../src/record/trail/segment-files.ts'
import type { Query } from '../src/search/query.ts'
import { searchTrail } from '../src/search/search-trail.ts'
import { trailFiles } from '../src/verify/trail-files.ts'

const count = Number(process.argv[2] ?? 10_000_000)
const dayMs = 86_400_000
const beginMs = Date.parse('2026-01-15T00:00:00Z')
const batchSize = 500
const integrations = ['acme-erp', 'globex-pim', 'initech-crm', 'umbrella-wms']
const statuses = [200, 200, 200, 200, 200, 200, 200, 404, 429, 401, 503]

const folder = await mkdtemp(join(tmpdir(), 'magegate-day-'))
const trail = join(folder, 'audit.jsonl')
try {
  const begin = performance.now()
  await writeDay()
  say(`${count} records written and compressed`, begin)
  await search('one SKU', { equal: new Map([['skus', 'SKU-7919']]) })
  await search('one request that is not there', { equal: new Map([['requestId', randomUUID()]]) })
  await search('one integration in one minute', {
    equal: new Map([['integration', 'acme-erp']]),
    fromMs: beginMs + dayMs / 2,
    toMs: beginMs + dayMs / 2 + 60_000,
  })
  for (const file of segmentFiles(trail)) await rm(`${file.replace(/\.zst$/, '')}.idx`)
  await search('one SKU, without indexes', { equal: new Map([['skus', 'SKU-7919']]) })
  await search('one status, without indexes', { equal: new Map([['status', '503']]) })
} finally {
  await rm(folder, { recursive: true })
}

async function writeDay(): Promise<void> {
  const rotation = { sizeMiB: 100, keep: 10_000, compress: 'zstd' } as const
  const file = await openChainedFile(trail, rotation, (error) => {
    throw error
  })
  for (let from = 0; from < count; from += batchSize) {
    const size = Math.min(batchSize, count - from)
    await file.append(Array.from({ length: size }, (_, index) => recordJson(from + index)))
  }
  while (!segmentFiles(trail).every((segment) => segment.endsWith('.zst'))) await delay(200)
  await file.close()
}

function recordJson(index: number): string {
  const requestId = randomUUID()
  const hex = requestId.replaceAll('-', '')
  const integration = integrations[index % integrations.length]
  return JSON.stringify({
    v: 1,
    time: new Date(beginMs + (index * dayMs) / count).toISOString(),
    requestId,
    traceId: hex,
    integration,
    claimed: integration,
    clientIp: `203.0.113.${index % 250}`,
    method: 'POST',
    route: 'POST /V1/inventory/source-items',
    path: '/rest/V1/inventory/source-items',
    status: statuses[(index * 31) % statuses.length],
    durationMs: 84.317,
    upstreamMs: 81.042,
    upstreamStatus: 200,
    bytesIn: 203,
    bytesOut: 2,
    bodySha256: hex + hex,
    skus: [`SKU-${(index * 7919) % 200_000}`],
    keyId: 'k1',
    headers: { 'content-type': 'application/json', 'user-agent': 'AcmeERP/4.2' },
  })
}

async function search(name: string, query: Partial<Query> & Pick<Query, 'equal'>): Promise<void> {
  const begin = performance.now()
  const everything = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY }
  let found = 0
  const records = searchTrail(trailFiles(trail), { ...everything, ...query }, () => undefined)
  for await (const _record of records) found += 1
  say(`${name}: ${found} found`, begin)
}

function say(what: string, begin: number): void {
  process.stdout.write(`${what}, ${((performance.now() - begin) / 1000).toFixed(2)} s\n`)
}
