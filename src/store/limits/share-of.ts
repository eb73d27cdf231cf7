import type { Limit } from '../../contract/limit.ts'

/**
 * The limit that one process enforces by itself while the store is away.
 * @param share the process' share of the limit, above 0 and at most 1
 */
export function shareOf(limit: Limit, share: number): Limit {
  const whole = (value: number) => Math.max(1, Math.floor(value * share))
  if (limit.kind === 'rate') {
    return { ...limit, count: limit.count * share, burst: whole(limit.burst) }
  }
  return { ...limit, count: whole(limit.count) }
}
