import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Case, signRequest, smallGet, smallPost } from './cases.ts'
import { type Child, startChild } from './child.ts'
import { benchEnv } from './configuration.ts'
import { openLoad } from './load.ts'
import { callerOf, writeManyIntegrations } from './many-integrations.ts'
import { type CaseResult, cpuRatio, type Extent, measureCases } from './measure.ts'
import { core } from './pinning.ts'
import { median } from './statistics.ts'
import { mebibytes, table } from './table.ts'
import { startUpstream } from './upstream.ts'

/** How many of the integrations call, and what. */
const callers = 2_000
const called = [smallGet, smallPost]
const connections = 16

/** A gateway with so many integrations. */
interface Crowd {
  readonly integrations: number
  /** From the start of the process until it takes requests. */
  readonly readySeconds: number
  readonly idleBytes: number
  /** Resident after each of the callers has sent a read and a write. */
  readonly usedBytes: number
}

/**
 * Measures a gateway with so many integrations, each with credentials, allowlist, limits, grants and a schema,
 * beside one that has one.
 * @param folder of its own
 */
export async function reportIntegrations(
  folder: string,
  count: number,
  extent: Omit<Extent, 'connections' | 'scheme'>,
): Promise<string> {
  const upstream = await startUpstream()
  const one = await startCrowd(join(folder, 'one'), upstream.url, 1)
  const many = await startCrowd(join(folder, 'many'), upstream.url, count)
  let next = 0
  const signForMany = (each: Case) => {
    next = (next % Math.min(callers, count - 1)) + 1
    return signRequest(each, 'body', callerOf(next))
  }
  const contestants = [
    { name: '1', child: one.gateway },
    { name: String(count), child: many.gateway, sign: signForMany },
  ]
  const results = await measureCases(called, contestants, {
    ...extent,
    connections,
    scheme: 'body',
  })
  return renderIntegrations([one.crowd, many.crowd], results)
}

async function startCrowd(folder: string, upstreamUrl: string, integrations: number) {
  mkdirSync(folder)
  writeManyIntegrations(folder, upstreamUrl, integrations)
  const begin = performance.now()
  const gateway = await startChild('gateway-under-test.ts', [folder], core.proxy, benchEnv)
  const readySeconds = (performance.now() - begin) / 1000
  // Other threads of the process give its memory back.
  await delay(1_000)
  const { residentBytes: idleBytes } = await gateway.usage()
  const usedBytes = await useOnce(gateway, integrations)
  return { gateway, crowd: { integrations, readySeconds, idleBytes, usedBytes } satisfies Crowd }
}

/** Has each caller send a read and a write. */
async function useOnce(gateway: Child, integrations: number): Promise<number> {
  const load = openLoad(gateway.url, connections)
  for (const each of called) {
    const requests = Array.from({ length: callers }, (_, index) =>
      signRequest(each, 'body', callerOf(index % integrations)),
    )
    await load.run(requests)
  }
  await load.close()
  const { residentBytes } = await gateway.usage()
  return residentBytes
}

/** @param results of the gateway with one integration, and of the other one */
function renderIntegrations(crowds: readonly Crowd[], results: readonly CaseResult[]): string {
  const rows = crowds.map(({ integrations, readySeconds, idleBytes, usedBytes }) => [
    String(integrations),
    readySeconds.toFixed(1),
    mebibytes(idleBytes),
    mebibytes(usedBytes),
  ])
  const costs = results.map(({ name, proxies: [one, many] }) => {
    if (one === undefined || many === undefined) throw new Error('no pair')
    const [ofOne = '', ofMany = ''] = [one, many].map(({ samples }) =>
      median(samples.map(({ cpuUs }) => cpuUs)).toFixed(0),
    )
    return [name, ofOne, ofMany, cpuRatio(many, one).toFixed(2)]
  })
  return [
    table([['integrations', 'ready, s', 'idle MiB', 'used MiB'], ...rows]),
    table([['case', 'CPU µs with one', 'CPU µs with many', 'ratio'], ...costs]),
  ].join('\n\n')
}
