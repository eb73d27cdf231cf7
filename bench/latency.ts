import { type Case, signRequest, smallGet, smallPost } from './cases.ts'
import { type Child, startChild } from './child.ts'
import { benchEnv, writeBenchConfig } from './configuration.ts'
import { type Load, openLoad } from './load.ts'
import { core } from './pinning.ts'
import { median } from './statistics.ts'
import { table } from './table.ts'
import { startUpstream } from './upstream.ts'

const connections = 64
const warmUpRequests = 20_000
/** What the pace is measured with. */
const capacityRequests = 5_000

/** Not counted at the begin of a round: what a proxy at rest has given up comes back in that time. */
const leadInSeconds = 1

/** What callers waited who came by the clock, in one case. */
interface Latency {
  readonly case: string
  /** Who answered them: the upstream itself, or a proxy in front of it. */
  readonly name: string
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Median of the rounds of how much later than from the upstream itself; milliseconds. */
  readonly addedP50Ms: number
  readonly addedP99Ms: number
}

interface Target {
  readonly name: string
  readonly load: Load
  readonly rounds: { readonly p50Ms: number; readonly p99Ms: number }[]
}

/**
 * Measures what a proxy adds to the time that a caller waits, at half of the requests that the gateway can take:
 * requests come by the clock, however long others take, and rounds of all take turns.
 * @param folder of its own
 * @param rounds each of two seconds
 */
export async function reportLatencies(folder: string, rounds: number): Promise<string> {
  const upstream = await startUpstream()
  writeBenchConfig(folder, upstream.url, 'body')
  const children: readonly (readonly [string, Child])[] = [
    ['upstream', upstream],
    ['bare proxy', await startChild('bare-proxy.ts', [upstream.url], core.proxy)],
    ['gateway', await startChild('gateway-under-test.ts', [folder], core.proxy, benchEnv)],
  ]
  const latencies: Latency[] = []
  for (const each of [smallGet, smallPost]) {
    const targets = children.map(([name, { url }]) => ({
      name,
      load: openLoad(url, connections),
      rounds: [],
    }))
    latencies.push(...(await measureLatencies(each, targets, rounds)))
    await Promise.all(targets.map(({ load }) => load.close()))
  }
  return renderLatencies(latencies)
}

/** @param targets the upstream first, the gateway last */
async function measureLatencies(
  each: Case,
  targets: readonly Target[],
  rounds: number,
): Promise<Latency[]> {
  for (const { load } of targets) await load.run(signed(each, warmUpRequests))
  const atFullLoad = await targets.at(-1)?.load.run(signed(each, capacityRequests))
  const perSecond = Math.round(capacityRequests / (atFullLoad?.seconds ?? Number.NaN) / 2)
  for (let round = 0; round < rounds; round += 1) {
    for (const target of targets) {
      await target.load.runPaced(signed(each, perSecond * leadInSeconds), perSecond)
      target.rounds.push(await target.load.runPaced(signed(each, perSecond * 2), perSecond))
    }
  }
  const [direct] = targets
  return targets.map(({ name, rounds: own }) => {
    const added = (pick: (of: Target['rounds'][number]) => number) =>
      median(own.map((of, round) => pick(of) - pick(direct?.rounds[round] ?? of)))
    return {
      case: each.name,
      name,
      perSecond,
      p50Ms: median(own.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(own.map(({ p99Ms }) => p99Ms)),
      addedP50Ms: added(({ p50Ms }) => p50Ms),
      addedP99Ms: added(({ p99Ms }) => p99Ms),
    }
  })
}

function signed(each: Case, count: number) {
  return Array.from({ length: count }, () => signRequest(each, 'body'))
}

/** What callers wait at half load. */
function renderLatencies(latencies: readonly Latency[]): string {
  const rows = latencies.map((each) => [
    each.case,
    each.name,
    String(each.perSecond),
    ...[each.p50Ms, each.p99Ms, each.addedP50Ms, each.addedP99Ms].map((ms) => ms.toFixed(2)),
  ])
  const head = ['case', 'asked', 'requests/s', 'p50 ms', 'p99 ms', 'added at p50', 'added at p99']
  return table([head, ...rows])
}
