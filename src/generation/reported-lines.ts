import { type MemoryBuckets, memoryBuckets } from '../store/memory-buckets.ts'
import type { InheritedMap } from './inherited-map.ts'

/** How many lines of the log the requests of one integration may cause. Metrics count what is beyond that. */
const allowed = { ratePerSecond: 1, burst: 600 }

/**
 * Decides whether a further line about a request of an integration is logged: an integration whose every request is
 * reported would otherwise fill the disk of the operator, whose log may have no limit of its own.
 * @param clock milliseconds, never going back
 */
export function boundLines(
  buckets: InheritedMap<MemoryBuckets>,
  clock: () => number,
): (integration: string) => boolean {
  return (integration) =>
    buckets.take(`${integration}/log`, () => memoryBuckets(1, clock)).take('', allowed).isAllowed
}
