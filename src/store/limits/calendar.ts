import type { QuotaPeriod } from '../../contract/limit.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/**
 * The beginning of a calendar period in UTC, in milliseconds since the epoch.
 * @param atMs a moment within a period
 * @param later how many periods after that one
 */
export function periodStart(period: QuotaPeriod, atMs: number, later = 0): number {
  if (period === 'month') {
    const at = new Date(atMs)
    return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + later)
  }
  const length = period === 'hour' ? hourMs : dayMs
  return (Math.floor(atMs / length) + later) * length
}
