import { join } from 'node:path'
import { startRedis } from '../test/support/redis.ts'
import type { Case } from './cases.ts'
import { checkRefusals } from './check-refusals.ts'
import { startChild } from './child.ts'
import { benchEnv, type Scheme, writeBenchConfig } from './configuration.ts'
import {
  type CaseResult,
  type Contestant,
  cpuRatio,
  type Extent,
  measureCases,
  type Sample,
} from './measure.ts'
import { nginxName, startNginxLua } from './nginx-lua.ts'
import { core } from './pinning.ts'
import { whyNoNginxLua } from './programs.ts'
import { median } from './statistics.ts'
import { mebibytes, table } from './table.ts'
import { startUpstream } from './upstream.ts'

/** Tokens that the gateway takes from Redis at a time. */
const leaseTokens = 100

/**
 * Measures all proxies in all cases, a table for each number of connections.
 * @param folder of its own, for configurations and trails
 */
export async function reportRequests(
  folder: string,
  { cases, ...extent }: Omit<Extent, 'connections'> & { readonly cases: readonly Case[] },
  connectionCounts: readonly number[],
): Promise<string> {
  // It is beside the load, on its core, so that what it takes is not the proxy's.
  await using redis = await startRedis()
  const { contestants, remark } = await startContestants(folder, extent.scheme, redis.url)
  const parts: string[] = []
  for (const connections of connectionCounts) {
    const results = await measureCases(cases, contestants, { ...extent, connections })
    process.stderr.write(`measured: ${connections} connections\n`)
    parts.push(`Over ${connections} connections:`, renderCases(results))
  }
  return [...parts, ...remark].join('\n\n')
}

/** The bare proxy stands first. Those with policies have been seen to refuse what they must. */
async function startContestants(folder: string, scheme: Scheme, redisUrl: string) {
  const { url } = await startUpstream()
  const bare = {
    name: 'bare proxy',
    child: await startChild('bare-proxy.ts', [url], core.proxy),
  }
  const without = {
    name: 'no policies',
    child: await startChild('without-policies.ts', [url], core.proxy),
  }
  const guarded: Contestant[] = [
    { name: 'gateway', child: await startGateway(join(folder, 'memory'), url, scheme) },
    {
      name: 'gateway, Redis',
      child: await startRedisGateway(join(folder, 'redis'), url, scheme, redisUrl),
    },
  ]
  const missing =
    scheme === 'body' ? whyNoNginxLua() : `${nginxName} knows scheme body alone, and is left out`
  if (missing === undefined) guarded.push({ name: nginxName, child: await startNginxLua(url) })
  for (const { name, child } of guarded) await checkRefusals(name, child.url, scheme)
  return {
    contestants: [bare, without, ...guarded],
    remark: missing === undefined ? [] : [`${missing}.`],
  }
}

function startGateway(folder: string, upstreamUrl: string, scheme: Scheme) {
  writeBenchConfig(folder, upstreamUrl, scheme)
  return startChild('gateway-under-test.ts', [folder], core.proxy, benchEnv)
}

function startRedisGateway(folder: string, upstreamUrl: string, scheme: Scheme, redisUrl: string) {
  // Without a fault of Redis none is to be seen, also where the machine stands still for a moment.
  const store = { redis: 'env:BENCH_REDIS', deadlineMs: 5_000 }
  writeBenchConfig(folder, upstreamUrl, scheme, { store, rateLimit: { leaseTokens } })
  const env = { ...benchEnv, BENCH_REDIS: redisUrl }
  return startChild('gateway-under-test.ts', [folder], core.proxy, env)
}

/** The table of all proxies, a case after the other; the first proxy is the one to compare with. */
function renderCases(results: readonly CaseResult[]): string {
  const rows = results.flatMap(({ name, proxies }) => {
    const [bare] = proxies
    const nginx = proxies.find((proxy) => proxy.name === nginxName)
    return proxies.map((proxy) => {
      const toBare = bare === undefined || proxy === bare ? '' : cpuRatio(proxy, bare).toFixed(2)
      const isCompared = nginx !== undefined && proxy !== nginx && proxy !== bare
      const toNginx = isCompared ? cpuRatio(proxy, nginx).toFixed(2) : ''
      return [name, proxy.name, toBare, toNginx, ...cellsOf(proxy.samples)]
    })
  })
  const head = ['case', 'proxy', 'to bare', 'to nginx', 'CPU µs', 'requests/s', 'p50 ms', 'p99 ms']
  return table([[...head, 'core busy', 'resident MiB'], ...rows])
}

function cellsOf(samples: readonly Sample[]): string[] {
  const of = (pick: (sample: Sample) => number) => median(samples.map(pick))
  return [
    of(({ cpuUs }) => cpuUs).toFixed(0),
    of(({ requests, seconds }) => requests / seconds).toFixed(0),
    of(({ p50Ms }) => p50Ms).toFixed(2),
    of(({ p99Ms }) => p99Ms).toFixed(2),
    `${(of(({ busy }) => busy) * 100).toFixed(0)} %`,
    mebibytes(of(({ residentBytes }) => residentBytes)),
  ]
}
