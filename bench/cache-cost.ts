import { cases } from './cases.ts'
import type { Child } from './child.ts'
import { type Extent, measureRound, type Sample, warmUpRounds } from './measure.ts'
import { median } from './statistics.ts'

/** A gateway under test and what it does with the same GET. */
export interface CacheCase {
  readonly name: string
  readonly gateway: Child
}

/** What a GET costs a gateway, median of its rounds. */
export interface CacheCost {
  readonly name: string
  readonly cpuUs: number
  /** Median of the ratios to the first case, round by round. */
  readonly ratio: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Measures the same GET at each gateway, a round of each in turn. The first case is what the others are compared with. */
export async function measureCacheCosts(
  gateways: readonly CacheCase[],
  extent: Extent,
): Promise<CacheCost[]> {
  const [get] = cases
  if (get === undefined) throw new Error('no case')
  const samples = gateways.map((): Sample[] => [])
  for (let round = 0; round < warmUpRounds + extent.rounds; round += 1) {
    for (const [index, { gateway }] of gateways.entries()) {
      const sample = await measureRound(get, gateway, extent)
      if (round >= warmUpRounds) samples[index]?.push(sample)
    }
  }
  const first = samples[0] ?? []
  return gateways.map(({ name }, index) => {
    const own = samples[index] ?? []
    return {
      name,
      cpuUs: median(own.map(({ cpuUs }) => cpuUs)),
      ratio: median(own.map(({ cpuUs }, round) => cpuUs / (first[round]?.cpuUs ?? Number.NaN))),
      requestsPerSecond: median(own.map(({ requests, seconds }) => requests / seconds)),
      p50Ms: median(own.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(own.map(({ p99Ms }) => p99Ms)),
    }
  })
}
