import { floodAddresses } from './address-flood.ts'
import type { IntegrationFigures } from './integrations.ts'
import type { Latency } from './latency.ts'
import type { DecisionCost } from './limit-decisions.ts'
import type { Pressure } from './limit-pressure.ts'
import { type CaseResult, cpuRatio, type Sample } from './measure.ts'
import type { MemorySample } from './memory.ts'
import type { Piece } from './micro.ts'
import { nginxName } from './nginx-lua.ts'
import type { RefusalTiming } from './refusal-timing.ts'
import { median } from './statistics.ts'
import type { FaultCost } from './store-faults.ts'

/** Renders rows of cells as a Markdown table whose source can be read too. */
export function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...rest] = rows
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  return [line(head), line(rule), ...rest.map(line)].join('\n')
}

/** The table of all proxies, a case after the other; the first proxy is the one to compare with. */
export function renderCases(results: readonly CaseResult[]): string {
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

function mebibytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(0)
}

/** What callers wait at half load. */
export function renderLatencies(latencies: readonly Latency[]): string {
  const rows = latencies.map((each) => [
    each.case,
    each.name,
    String(each.perSecond),
    ...[each.p50Ms, each.p99Ms, each.addedP50Ms, each.addedP99Ms].map((ms) => ms.toFixed(2)),
  ])
  const head = ['case', 'asked', 'requests/s', 'p50 ms', 'p99 ms', 'added at p50', 'added at p99']
  return table([head, ...rows])
}

/** The memory of a gateway, from look to look. */
export function renderMemory(samples: readonly MemorySample[]): string {
  const rows = samples.map(({ requests, seconds, residentBytes, liveBytes }) => [
    String(requests),
    seconds.toFixed(0),
    mebibytes(residentBytes),
    mebibytes(liveBytes),
  ])
  return table([['requests', 'seconds', 'resident MiB', 'in use MiB'], ...rows])
}

/** What many integrations cost. */
export function renderIntegrations({ crowds, results }: IntegrationFigures): string {
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

/** The table of single pieces. */
export function renderPieces(pieces: readonly Piece[]): string {
  const rows = pieces.map(({ name, us }) => [name, us.toFixed(us < 10 ? 2 : 0)])
  return table([['piece', 'µs'], ...rows])
}

/** The table of refused credentials. */
export function renderRefusals(timings: readonly RefusalTiming[]): string {
  const rows = timings.map(({ presented, unknownMs, knownMs, knownSlower }) => [
    presented,
    unknownMs.toFixed(3),
    knownMs.toFixed(3),
    knownSlower.toFixed(2),
  ])
  return table([['presented', 'unknown, ms', 'known, ms', 'share of pairs slower'], ...rows])
}

/** What limits cost, and whether they hold. */
export interface LimitFigures {
  readonly costs: readonly DecisionCost[]
  readonly pressures: readonly Pressure[]
  readonly faults: readonly FaultCost[]
  /** Memory that a flood of addresses keeps in use. */
  readonly grownBytes: number
}

/** The tables of limits. */
export function renderLimits({ costs, pressures, faults, grownBytes }: LimitFigures): string {
  const decisions = costs.map(({ name, cpuUs, commands }) => [
    name,
    cpuUs.toFixed(2),
    commands?.toFixed(2) ?? '-',
  ])
  const pressed = pressures.map(({ leaseTokens, asked, allowed, granted }) => [
    leaseTokens === 0 ? 'a round trip each' : `leases of ${leaseTokens}`,
    String(asked),
    String(allowed),
    granted.toFixed(0),
    (allowed / granted).toFixed(3),
  ])
  const faulty = faults.map(({ fault, requests, worstMs, recoveryMs }) => [
    fault,
    String(requests),
    worstMs.toFixed(1),
    recoveryMs === undefined ? '-' : recoveryMs.toFixed(0),
  ])
  return [
    table([['decision', 'CPU µs', 'Redis commands'], ...decisions]),
    'Two processes on one Redis, ten times the limit for ten seconds:',
    table([['how', 'asked', 'let through', 'rate × time + burst', 'share'], ...pressed]),
    'Ten requests every 2 ms while Redis has a fault; the deadline is 50 ms:',
    table([['fault', 'requests', 'worst wait, ms', 'back after repair, ms'], ...faulty]),
    `${floodAddresses} addresses within a minute, each refused, at a running gateway: the memory in use grew by ${mebibytes(grownBytes)} MiB.`,
  ].join('\n\n')
}
