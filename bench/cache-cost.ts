import { smallGet } from './cases.ts'
import type { Child } from './child.ts'
import { cpuRatio, type Extent, measureCases } from './measure.ts'
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
  const contestants = gateways.map(({ name, gateway }) => ({ name, child: gateway }))
  const [{ proxies } = { proxies: [] }] = await measureCases([smallGet], contestants, extent)
  const [first] = proxies
  return proxies.map((proxy) => {
    const { name, samples } = proxy
    return {
      name,
      cpuUs: median(samples.map(({ cpuUs }) => cpuUs)),
      ratio: cpuRatio(proxy, first ?? proxy),
      requestsPerSecond: median(samples.map(({ requests, seconds }) => requests / seconds)),
      p50Ms: median(samples.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(samples.map(({ p99Ms }) => p99Ms)),
    }
  })
}
