import { type Case, type SignedRequest, signRequest } from './cases.ts'
import type { Child } from './child.ts'
import type { Scheme } from './configuration.ts'
import { type Load, openLoad, type Round } from './load.ts'
import { median } from './statistics.ts'

/** One measured round of one proxy. */
export interface Sample extends Round {
  readonly requests: number
  /** User and system time of the proxy, microseconds per request. */
  readonly cpuUs: number
  /** Share of one core that the proxy used; well below 1, it was not the proxy that set the pace. */
  readonly busy: number
  readonly residentBytes: number
}

/** A proxy that is measured. */
export interface Contestant {
  readonly name: string
  readonly child: Child
  /** Makes its requests; as the one integration does if left out. */
  readonly sign?: (each: Case, scheme: Scheme) => SignedRequest
}

/** What one proxy did in one case, a sample for each round. */
export interface ProxyResult {
  readonly name: string
  readonly samples: readonly Sample[]
}

/** The rounds of one case; the same round of all proxies was measured within a moment. */
export interface CaseResult {
  readonly name: string
  readonly proxies: readonly ProxyResult[]
}

/** How much is measured. */
export interface Extent {
  /** Rounds of each proxy that count. */
  readonly rounds: number
  /** Requests of a round, before the share of the case. */
  readonly requests: number
  readonly connections: number
  readonly scheme: Scheme
}

/** Of the requests of a round, how many more are sent before those that count. */
const leadInShare = 0.5

// By then compilers and pools have settled; the gateway has more code to compile than a bare proxy.
const warmUpRequests = 20_000

/**
 * Measures cases: a round of each proxy in each case in turn. Machines change their pace by the second, so a round is
 * short. A proxy at work serves reads and writes all the time; one that has long seen a single kind has code made for
 * that kind alone. And what counts is a proxy at work: while the others have the core its code and data leave the caches
 * and V8 gives its young generation back, so that a round begins with requests that are not counted.
 */
export async function measureCases(
  cases: readonly Case[],
  contestants: readonly Contestant[],
  extent: Extent,
): Promise<CaseResult[]> {
  const loads = contestants.map(({ child }) => openLoad(child.url, extent.connections))
  const results = cases.map((each) => ({
    each,
    proxies: contestants.map(({ name }) => ({ name, samples: [] as Sample[] })),
  }))
  const warmUpRounds = Math.ceil(warmUpRequests / extent.requests)
  for (let round = 0; round < warmUpRounds + extent.rounds; round += 1) {
    for (const { each, proxies } of results) {
      for (const [index, { samples }] of proxies.entries()) {
        const contestant = contestants[index] as Contestant
        const sample = await measureRound(each, contestant, loads[index] as Load, extent)
        if (round >= warmUpRounds) samples.push(sample)
      }
    }
  }
  await Promise.all(loads.map((load) => load.close()))
  return results.map(({ each, proxies }) => ({ name: each.name, proxies }))
}

async function measureRound(
  each: Case,
  { child, sign = signRequest }: Contestant,
  load: Load,
  extent: Extent,
): Promise<Sample> {
  const count = Math.ceil(extent.requests * each.share)
  // Before the clock runs: what the load costs is not to be seen.
  const signed = (length: number) => Array.from({ length }, () => sign(each, extent.scheme))
  const leadIn = signed(Math.ceil(count * leadInShare))
  const requests = signed(count)
  await load.run(leadIn)
  const before = await child.usage()
  const round = await load.run(requests)
  const { cpuUs, residentBytes } = await child.usage()
  const usedUs = cpuUs - before.cpuUs
  return {
    ...round,
    requests: count,
    cpuUs: usedUs / count,
    busy: usedUs / (round.seconds * 1e6),
    residentBytes,
  }
}

/** Median of the ratios of CPU time, round by round. */
export function cpuRatio(of: ProxyResult, to: ProxyResult): number {
  const ratios = of.samples.map(({ cpuUs }, round) => {
    return cpuUs / (to.samples[round]?.cpuUs ?? Number.NaN)
  })
  return median(ratios)
}
