import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Case, cases } from './cases.ts'
import type { Scheme } from './configuration.ts'
import { reportIntegrations } from './integrations.ts'
import { reportLatencies } from './latency.ts'
import { reportLimits } from './limits.ts'
import { reportMemory } from './memory.ts'
import { type ReportKind, writeReport } from './page.ts'
import { reportPieces } from './pieces.ts'
import { core, pin } from './pinning.ts'
import { ensureBenchPrograms } from './programs.ts'
import { reportRefusals } from './refusal-timing.ts'
import { reportRequests } from './requests.ts'

/*
 * CPU time per request of the gateway with every policy on, against a bare @fastify/http-proxy on
 * the same Node in the same run; with --micro, what single pieces of it cost; with --refusals,
 * whether the time of a 401 tells what was wrong; with --limits, what limits cost and whether they hold; with
 * --memory, whether memory stays flat; with --latency, how much longer callers wait; with --integrations, what ten thousand of them cost.
 * With --only NAME, all proxies get requests of one kind alone.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '14' },
    requests: { type: 'string', default: '2000' },
    connections: { type: 'string', default: '16,64,256' },
    scheme: { type: 'string', default: 'body' },
    micro: { type: 'boolean' },
    refusals: { type: 'boolean' },
    limits: { type: 'boolean' },
    latency: { type: 'boolean' },
    memory: { type: 'boolean' },
    integrations: { type: 'boolean' },
    count: { type: 'string' },
    only: { type: 'string' },
    'no-write': { type: 'boolean' },
  },
})

/** However much is asked for, it ends. */
const deadlineMs = 15 * 60_000

/** How much is measured, for each number of connections. */
interface Extent {
  readonly rounds: number
  readonly requests: number
  readonly scheme: Scheme
}

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
const reporters: Readonly<Record<ReportKind, (extent: Extent) => Promise<string>>> = {
  pieces: async () => `${machine()}.\n\n${await reportPieces(folder)}`,
  refusals: reportRefusalTimings,
  limits: async () => `${machine()}.\n\n${await reportLimits()}`,
  requests: reportCases,
  latencies: reportAddedLatency,
  memory: reportMemoryCurve,
  integrations: reportManyIntegrations,
}
const kind = kindOf(values)
const report = await reporters[kind](extentOf(values))
process.stdout.write(`${report}\n`)
// The page has all kinds of requests.
if (!values['no-write'] && values.only === undefined) writeReport(kind, report)
process.exit(0)

function kindOf(given: typeof values): ReportKind {
  if (given.micro) return 'pieces'
  if (given.latency) return 'latencies'
  const others = ['refusals', 'memory', 'integrations', 'limits'] as const
  return others.find((kind) => given[kind]) ?? 'requests'
}

async function reportAddedLatency({ rounds }: Extent): Promise<string> {
  const table = await reportLatencies(folder, rounds)
  return `${machine()}; ${rounds} rounds of two seconds over 64 connections; medians.\n\n${table}`
}

async function reportMemoryCurve(): Promise<string> {
  const curve = await reportMemory(folder, countOf(values.count ?? '1000000'))
  return `${machine()}; over 64 connections.\n\n${curve}`
}

async function reportManyIntegrations(extent: Extent): Promise<string> {
  const figures = await reportIntegrations(folder, countOf(values.count ?? '10000'), extent)
  const extentText = `${extent.rounds} rounds of ${extent.requests} requests over 16 connections`
  return `${machine()}; ${extentText}; medians.\n\n${figures}`
}

async function reportRefusalTimings({ scheme }: Extent): Promise<string> {
  const timings = await reportRefusals(folder, scheme, refusalCount)
  return `${machine()}; ${refusalCount} requests of each kind, in turn.\n\n${timings}`
}

async function reportCases(extent: Extent): Promise<string> {
  const tables = await reportRequests(
    folder,
    { ...extent, cases: chosenCases() },
    connectionCounts(),
  )
  const pinning = isPinned
    ? 'the proxy on one core, load and upstream on another'
    : 'nothing held to a core'
  const extentText =
    `${extent.rounds} rounds of ${extent.requests} requests (64 KiB: a quarter); ` +
    `signatures of scheme ${extent.scheme}; medians.`
  return `${machine()}, ${pinning}; ${extentText}\n\n${tables}`
}

function machine(): string {
  return `Node ${process.versions.node}, ${process.arch}, ${cpus().length} cores`
}

function extentOf({ scheme, rounds, requests }: typeof values): Extent {
  if (scheme !== 'body' && scheme !== 'canonical') throw new Error('--scheme is body or canonical')
  return { rounds: countOf(rounds), requests: countOf(requests), scheme }
}

function chosenCases(): readonly Case[] {
  const { only } = values
  if (only === undefined) return cases
  const chosen = cases.filter(({ name }) => name === only)
  if (chosen.length > 0) return chosen
  throw new Error(`--only is one of ${cases.map(({ name }) => name).join(', ')}`)
}

function connectionCounts(): number[] {
  return values.connections.split(',').map(countOf)
}

function countOf(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`not a number from 1 on: ${text}`)
  return value
}
