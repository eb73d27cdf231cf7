import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import type { AuditRecord } from '../../src/record/audit-record.ts'
import { verifyTrail } from '../../src/verify/verify-trail.ts'
import { acme, globex } from '../support/gateway.ts'
import { acmeHeaders, globexHeaders } from '../support/http-client.ts'
import type { Fault } from '../support/magento/fault.ts'
import type { MagentoStandIn } from '../support/magento/stand-in.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { scrapeUntil } from '../support/metrics.ts'
import { startRedis } from '../support/redis.ts'
import { startReloadable } from '../support/reloadable-gateway.ts'
import { temporaryFolder } from '../support/shared.ts'

/*
 * What holds when everything fails at once. Turns go by how many calls have ended, and not by time: within 720 each fault
 * has come once. MAGEGATE_CALLS=24000 makes it a longer one than fits into the suite.
 */

const callers = 24
const calls = Number(process.env.MAGEGATE_CALLS ?? 800)

const faults: readonly Fault[] = [
  { kind: 'slow', delayMs: 100 },
  { kind: 'refuse' },
  { kind: 'reset' },
  { kind: 'maintenance' },
  { kind: 'reset-mid-body' },
  { kind: 'unavailable', retryAfter: 1 },
  { kind: 'stall' },
  { kind: 'fatal' },
  { kind: 'drip', bytesPerInterval: 100, intervalMs: 5 },
  { kind: 'wrong-content-length' },
  { kind: 'html-error', status: 500 },
  { kind: 'endless-body' },
]

/** An answer that a caller has read to its end. */
interface Seen {
  readonly id: unknown
  readonly status: number | undefined
}

test('while Magento, Redis and callers fail and the configuration changes, each answer has its record and no write is sent twice', async () => {
  const folder = await temporaryFolder()
  await using magento = await startMagento({ receivedLimit: calls * 10 })
  await using redis = await startRedis()
  const limitsOf = (turn: number) => ({ rate: `${1_000 + turn}/s`, burst: 10_000, leaseTokens: 20 })
  const routes = ['GET /V1/products/:sku', 'POST /V1/products']
  const cache = { 'GET /V1/products/:sku': { ttlSeconds: 1, staleIfErrorSeconds: 1 } }
  const acmeOf = (turn: number) => ({
    ...acme,
    policies: { ...acme.policies, routes, rateLimit: limitsOf(turn) },
  })
  const globexOf = (turn: number) => ({
    ...globex,
    policies: { routes, rateLimit: limitsOf(turn), cache },
  })
  await using gateway = await startReloadable({
    magentoUrl: magento.url,
    integrations: [acmeOf(0), globexOf(0)],
    gateway: {
      magento: {
        // An open circuit would keep the other faults from the requests.
        circuitBreaker: { mode: 'off' },
        timeouts: { headersMs: 300, bodyMs: 300, totalMs: 600 },
      },
      store: { redis: 'env:REDIS_URL' },
      jobs: { file: join(folder, 'jobs.sqlite'), retry: { firstMs: 10, longestMs: 100 } },
    },
    env: { REDIS_URL: redis.url },
  })

  const redisTurns = [redis.freeze, redis.thaw, redis.kill, redis.restart]
  async function turn(ended: number): Promise<void> {
    if (ended % 60 === 0)
      await magento.setFault(faults[(ended / 60) % faults.length] as Fault, isOdd)
    else if (ended % 60 === 30) await magento.clearFault()
    if (ended % 100 === 0) await redisTurns[(ended / 100 - 1) % redisTurns.length]?.()
    if (ended % 150 === 0) {
      await gateway.writeIntegration(acmeOf(ended))
      await gateway.writeIntegration(globexOf(ended))
      assert.equal((await gateway.reload()).status, 200)
    }
  }

  const seen: Seen[] = []
  let begun = 0
  let ended = 0
  let turns = Promise.resolve()
  const agent = new Agent({ keepAlive: true })
  async function call(): Promise<void> {
    while (begun < calls) {
      begun += 1
      const answer = await sendOne(gateway.url, begun, agent)
      if (answer !== undefined) seen.push(answer)
      ended += 1
      const now = ended
      turns = turns.then(() => turn(now))
      // Else turns that were late would come at once, and a fault would be over as soon as it came.
      await turns
    }
  }
  await Promise.all(Array.from({ length: callers }, call))
  agent.destroy()
  await magento.clearFault()

  const scrape = await scrapeUntil(gateway, ({ value }) => isAtRest(value))
  assert.equal(scrape.value('magegate_config_living_generations'), 1)
  await gateway.stop()
  await magento.close()
  const records = (await gateway.auditText()).trim().split('\n').map(recordOf)
  const statuses = new Set(seen.map(({ status }) => status))
  for (const each of [200, 202, 404, 502, 503, 504]) assert.ok(statuses.has(each), `${each}`)
  const ofRequests = Map.groupBy(records.filter(isOfRequest), ({ requestId }) => requestId)
  for (const { id, status } of seen) {
    const recorded = ofRequests.get(String(id))?.map((record) => record.status)
    assert.deepEqual(recorded, [status], `records of ${id}`)
  }
  assert.deepEqual(
    records.filter(({ code }) => code === 'internal-error'),
    [],
  )
  const trail = { files: [join(gateway.path, 'audit.jsonl')], checkpointFiles: [] }
  assert.equal((await verifyTrail(trail)).fault, undefined)
  assert.deepEqual(sentAgain(magento), [])
})

/** Half of the requests of a fault come upon it. */
let asked = 0
function isOdd(): boolean {
  asked += 1
  return asked % 2 === 1
}

/** Reads, writes and writes to be carried out later; some callers leave, and some speak no HTTP. */
async function sendOne(url: string, number: number, agent: Agent): Promise<Seen | undefined> {
  const { hostname, port } = new URL(url)
  if (number % 17 === 0) {
    await speakNonsense(hostname, Number(port), number)
    return undefined
  }
  const isWrite = number % 2 === 0
  const body = isWrite
    ? JSON.stringify({ product: { sku: randomUUID(), name: 'Bag', price: 1 } })
    : ''
  const of = number % 3 === 0 ? acmeHeaders(body) : globexHeaders
  const request = httpRequest({
    hostname,
    port,
    agent,
    method: isWrite ? 'POST' : 'GET',
    path: isWrite ? '/rest/V1/products' : `/rest/V1/products/24-MB0${number % 5}`,
    headers: {
      ...of,
      ...(isWrite && { 'Content-Type': 'application/json', 'Content-Length': body.length }),
      ...(number % 4 === 0 && { Prefer: 'respond-async' }),
    },
  })
  const isLeaving = number % 11 === 0
  return new Promise((resolve) => {
    request.on('response', async (response) => {
      if (isLeaving) request.destroy()
      const whole = await buffer(response).catch(() => undefined)
      const { statusCode: status, headers } = response
      resolve(whole === undefined ? undefined : { id: headers['x-request-id'], status })
    })
    request.on('error', () => resolve(undefined))
    request.end(body)
    if (isLeaving && number % 22 === 0) request.once('finish', () => request.destroy())
  })
}

const nonsense = [
  'CONNECT shop:443 HTTP/1.1\r\nHost: shop\r\n\r\n',
  'GET / HTTP/1.1\r\n',
  'POST /rest/V1/products HTTP/1.1\r\nHost: shop\r\nContent-Length: 1000000\r\n\r\n{',
  'GET /rest/V1/products/a HTTP/1.1\r\nHost: shop\r\n\r\n'.repeat(5),
]

function speakNonsense(hostname: string, port: number, number: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, hostname)
    socket.on('error', () => undefined).on('close', () => resolve())
    socket.write(nonsense[number % nonsense.length] ?? '', () => socket.resetAndDestroy())
  })
}

/** Nothing is under way any more, and no job waits. */
function isAtRest(value: (series: string) => number | undefined): boolean {
  const names = ['upstream_in_flight_requests', 'upstream_queue_requests', 'cache_waiting_requests']
  const states = ['waiting', 'running'].map((state) => `jobs{state="${state}"}`)
  return [...names, ...states].every((name) => (value(`magegate_${name}`) ?? 0) === 0)
}

function recordOf(line: string): AuditRecord {
  return JSON.parse(line) as AuditRecord
}

function isOfRequest({ event }: AuditRecord): boolean {
  return event === undefined
}

/** Products that were sent again though Magento might have created them. */
function sentAgain({ received }: MagentoStandIn): unknown[] {
  const bySku = Map.groupBy(
    received.filter(({ method, aborted }) => method === 'POST' && !aborted),
    ({ body }) => /"sku":"([^"]+)"/.exec(body.toString())?.[1],
  )
  return [...bySku].flatMap(([sku, sendings]) => {
    const before = sendings.slice(0, -1).map(({ status }) => status)
    return before.every((status) => status === 503) ? [] : [{ sku, before }]
  })
}
