import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startRedis } from '../test/support/redis.ts'
import { measureFlood } from './address-flood.ts'
import { type Case, cases, signRequest } from './cases.ts'
import { startChild } from './child.ts'
import { benchEnv, type Scheme, writeBenchConfig } from './configuration.ts'
import { measureDecisions } from './limit-decisions.ts'
import { measurePressure } from './limit-pressure.ts'
import { type CaseResult, type Extent, measureCase } from './measure.ts'
import { writeReport } from './page.ts'
import { measurePieces } from './pieces.ts'
import { core, pin } from './pinning.ts'
import { ensureBenchPrograms } from './programs.ts'
import { measureRefusals } from './refusal-timing.ts'
import { renderCases, renderLimits, renderPieces, renderRefusals } from './report.ts'
import { measureFaults } from './store-faults.ts'
import { startUpstream } from './upstream.ts'

/*
 * CPU time per request of the gateway with every policy on, against a bare @fastify/http-proxy on
 * the same Node in the same run; with --micro, what single pieces of it cost; with --refusals,
 * whether the time of a 401 tells what was wrong; with --limits, what limits cost and whether they hold.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    requests: { type: 'string', default: '6000' },
    connections: { type: 'string', default: '16' },
    scheme: { type: 'string', default: 'body' },
    micro: { type: 'boolean', default: false },
    refusals: { type: 'boolean', default: false },
    limits: { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
  },
})

/** However much is asked for, it ends. */
const deadlineMs = 15 * 60_000

/** Requests of each kind of refusal. */
const refusalCount = 2000

const folder = mkdtempSync(join(tmpdir(), 'magegate-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(1))
}
setTimeout(() => {
  process.stderr.write('the benchmark took too long and was ended\n')
  process.exit(1)
}, deadlineMs).unref()

const isPinned = pin(process.pid, core.others)
ensureBenchPrograms()
const reporters = {
  pieces: reportPieces,
  refusals: reportRefusals,
  limits: reportLimits,
  requests: reportCases,
}
const kind = kindOf(values)
const report = await reporters[kind](extentOf(values))
process.stdout.write(`${report}\n`)
if (!values['no-write']) writeReport(kind, report)
process.exit(0)

function kindOf({ micro, refusals, limits }: typeof values): keyof typeof reporters {
  if (micro) return 'pieces'
  if (refusals) return 'refusals'
  return limits ? 'limits' : 'requests'
}

async function reportLimits(): Promise<string> {
  const grownBytes = await measureFlood()
  await using redis = await startRedis()
  const costs = await measureDecisions(redis)
  const pressures = [await measurePressure(redis, 0), await measurePressure(redis, 20)]
  const faults = await measureFaults()
  return `${machine()}.\n\n${renderLimits({ costs, pressures, faults, grownBytes })}`
}

async function reportRefusals(extent: Extent): Promise<string> {
  writeBenchConfig(folder, 'http://127.0.0.1:1', extent.scheme)
  const gateway = await startChild('gateway-under-test.ts', [folder], core.proxy, benchEnv)
  const timings = await measureRefusals(gateway.url, refusalCount)
  return `${machine()}; ${refusalCount} requests of each kind, in turn.\n\n${renderRefusals(timings)}`
}

async function reportCases(extent: Extent): Promise<string> {
  const upstream = await startUpstream()
  writeBenchConfig(folder, upstream.url, extent.scheme)
  const bareProxy = await startChild('bare-proxy.ts', [upstream.url], core.proxy)
  const gateway = await startChild('gateway-under-test.ts', [folder], core.proxy, benchEnv)
  const results: CaseResult[] = []
  for (const each of cases) {
    results.push(await measureCase(each, bareProxy, gateway, extent))
    process.stderr.write(`measured: ${each.name}\n`)
  }
  const pinning = isPinned
    ? 'the proxy on one core, load and upstream on another'
    : 'nothing held to a core'
  const extentText =
    `${extent.rounds} rounds of ${extent.requests} requests (64 KiB: a tenth) over ` +
    `${extent.connections} connections; signatures of scheme ${extent.scheme}; medians.`
  return `${machine()}, ${pinning}; ${extentText}\n\n${renderCases(results)}`
}

async function reportPieces(): Promise<string> {
  const [get] = cases as readonly [Case]
  const pieces = await measurePieces(signRequest(get, 'body'), folder)
  return `${machine()}.\n\n${renderPieces(pieces)}`
}

function machine(): string {
  return `Node ${process.versions.node}, ${process.arch}, ${cpus().length} cores`
}

function extentOf(options: {
  rounds: string
  requests: string
  connections: string
  scheme: string
}): Extent {
  const [rounds, requests, connections] = [
    options.rounds,
    options.requests,
    options.connections,
  ].map((text) => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < 1) throw new Error(`not a number from 1 on: ${text}`)
    return value
  }) as [number, number, number]
  const { scheme } = options
  if (scheme !== 'body' && scheme !== 'canonical') throw new Error('--scheme is body or canonical')
  return { rounds, requests, connections, scheme: scheme satisfies Scheme }
}
