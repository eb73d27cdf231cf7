import type { Limit } from '../../contract/limit.ts'

/**
 * A limit as one process holds it by itself while the store is away.
 * @param share above 0 to 1
 */
export function shareOf(limit: Limit, share: number): Limit {
  const whole = (value: number) => Math.max(1, Math.floor(value * share))
  if (limit.kind === 'rate') {
    return { ...limit, count: limit.count * share, burst: whole(limit.burst) }
  }
  return { ...limit, count: whole(limit.count) }
}
