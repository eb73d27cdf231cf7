import { type Case, signRequest } from './cases.ts'
import type { Child } from './child.ts'
import type { Scheme } from './configuration.ts'
import { type Round, runRound } from './load.ts'

/** One measured round of one proxy. */
export interface Sample extends Round {
  readonly requests: number
  /** User and system time of the proxy, microseconds per request. */
  readonly cpuUs: number
  /** Share of one core that the proxy used; well below 1, it was not the proxy that set the pace. */
  readonly busy: number
  readonly residentBytes: number
}

/** The rounds of one case, in pairs. */
export interface CaseResult {
  readonly name: string
  readonly bare: readonly Sample[]
  readonly gateway: readonly Sample[]
}

/** How much is measured. */
export interface Extent {
  /** Pairs of rounds that count. */
  readonly rounds: number
  /** Requests of a round, before the share of the case. */
  readonly requests: number
  readonly connections: number
  readonly scheme: Scheme
}

// Compilers and pools settle within two.
export const warmUpRounds = 2

/** Measures a case: rounds of both proxies in turn, because machines change their pace by the minute. */
export async function measureCase(
  each: Case,
  bareProxy: Child,
  gateway: Child,
  extent: Extent,
): Promise<CaseResult> {
  const result = { name: each.name, bare: [] as Sample[], gateway: [] as Sample[] }
  for (let round = 0; round < warmUpRounds + extent.rounds; round += 1) {
    const pair = {
      bare: await measureRound(each, bareProxy, extent),
      gateway: await measureRound(each, gateway, extent),
    }
    if (round < warmUpRounds) continue
    result.bare.push(pair.bare)
    result.gateway.push(pair.gateway)
  }
  return result
}

export async function measureRound(each: Case, proxy: Child, extent: Extent): Promise<Sample> {
  const count = Math.ceil(extent.requests * each.share)
  // Before the clock runs: what the load costs is not to be seen.
  const requests = Array.from({ length: count }, () => signRequest(each, extent.scheme))
  const before = await proxy.usage()
  const round = await runRound(proxy.url, requests, extent.connections)
  const { cpuUs, residentBytes } = await proxy.usage()
  const usedUs = cpuUs - before.cpuUs
  return {
    ...round,
    requests: count,
    cpuUs: usedUs / count,
    busy: usedUs / (round.seconds * 1e6),
    residentBytes,
  }
}
