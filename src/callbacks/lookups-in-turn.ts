import { atMost } from '../contract/at-most.ts'
import type { Resolve } from './destination.ts'

/** After a lookup of more milliseconds, the DNS servers of a name count as slow until it is looked up faster. */
const slowMs = 1_000

/** Most lookups at once of names whose DNS servers do not count as slow. */
const quickAtOnce = 2

/**
 * Bounds how many lookups there are at once, and asks once for a name that is asked for several times. A lookup by the
 * system takes a thread of Node for as long as the DNS servers of the name do not answer, even if nobody waits for it any
 * more, and there are few for all lookups of the process (cli/share-lookups.ts). Names with slow DNS servers wait for each
 * other and for nobody else, so that they do not hold up the call-backs to others.
 * @param monotonicClock milliseconds, never going back
 */
export function lookupsInTurn(ask: Resolve, monotonicClock: () => number): Resolve {
  const asked = new Map<string, Promise<readonly string[]>>()
  const slow = new Set<string>()
  const quickLane = atMost(quickAtOnce)
  const slowLane = atMost(1)

  async function timed(hostname: string): Promise<readonly string[]> {
    const beganAtMs = monotonicClock()
    try {
      return await ask(hostname)
    } finally {
      if (monotonicClock() - beganAtMs > slowMs) slow.add(hostname)
      else slow.delete(hostname)
    }
  }

  return (hostname) => {
    const known = asked.get(hostname)
    if (known !== undefined) return known
    const inTurn = slow.has(hostname) ? slowLane : quickLane
    const found = inTurn(() => timed(hostname))
    const forget = () => asked.delete(hostname)
    found.then(forget, forget)
    asked.set(hostname, found)
    return found
  }
}
