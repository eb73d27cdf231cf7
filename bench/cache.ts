import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { dump, load } from 'js-yaml'
import { startRedis } from '../test/support/redis.ts'
import { measureCacheCosts } from './cache-cost.ts'
import { startChild } from './child.ts'
import { benchEnv, writeBenchConfig } from './configuration.ts'
import { core, pin } from './pinning.ts'
import { ensureBenchPrograms } from './programs.ts'
import { table } from './table.ts'
import { startUpstream } from './upstream.ts'

/*
 * What a GET costs that is answered from the response cache, against the same GET forwarded: whole processes, every
 * policy on, the gateway on one core, load, upstream and Redis on the other. Also what a cache costs that has nothing
 * to do with the request.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    requests: { type: 'string', default: '4000' },
  },
})

const folder = mkdtempSync(join(tmpdir(), 'magegate-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
pin(process.pid, core.others)
ensureBenchPrograms()
await using redis = await startRedis()
const upstream = await startUpstream()
const route = 'GET /V1/products/:sku'
const ttl = { ttlSeconds: 3_600 }

/** Starts a gateway with these routes cached. */
async function gatewayWith(name: string, cache: object | undefined, store?: object) {
  const own = join(folder, name)
  mkdirSync(own)
  writeBenchConfig(own, upstream.url, 'body')
  change(join(own, 'integrations', 'bench.yaml'), (settings) => {
    settings.policies = { ...settings.policies, ...(cache && { cache }) }
    // A route that is cached must be granted.
    const granted = [route, 'POST /V1/products', ...Object.keys(cache ?? {})]
    settings.policies.routes = [...new Set(granted)]
  })
  if (store !== undefined)
    change(join(own, 'gateway.yaml'), (settings) => Object.assign(settings, { store }))
  const env = { ...benchEnv, BENCH_REDIS: redis.url }
  return { name, gateway: await startChild('gateway-under-test.ts', [own], core.proxy, env) }
}

function change(
  file: string,
  act: (settings: { policies: Record<string, unknown> }) => void,
): void {
  const settings = load(readFileSync(file, 'utf8')) as { policies: Record<string, unknown> }
  act(settings)
  writeFileSync(file, dump(settings))
}

const shared = { redis: 'env:BENCH_REDIS' }
const costs = await measureCacheCosts(
  [
    await gatewayWith('forwarded, no cache', undefined),
    await gatewayWith('forwarded, another route cached', { 'GET /V1/orders': ttl }),
    await gatewayWith('hit in memory', { [route]: ttl }),
    await gatewayWith('forwarded, no cache, limits in Redis', undefined, shared),
    await gatewayWith('hit in Redis, limits in Redis', { [route]: ttl }, shared),
  ],
  {
    rounds: Number(values.rounds),
    requests: Number(values.requests),
    connections: 16,
    scheme: 'body',
  },
)
const rows = costs.map(({ name, cpuUs, ratio, requestsPerSecond, p50Ms, p99Ms }) => [
  name,
  cpuUs.toFixed(0),
  ratio.toFixed(2),
  requestsPerSecond.toFixed(0),
  p50Ms.toFixed(2),
  p99Ms.toFixed(2),
])
const head = ['GET of 1 KiB', 'CPU µs', 'ratio', 'requests/s', 'p50 ms', 'p99 ms']
process.stdout.write(`${table([head, ...rows])}\n`)
await redis[Symbol.asyncDispose]()
process.exit(0)
