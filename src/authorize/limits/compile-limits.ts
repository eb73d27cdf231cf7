import type { Static } from 'typebox'
import type { Limit, QuotaPeriod } from '../../contract/limit.ts'
import { parseRate } from '../../contract/rate.ts'
import type { ScopedLimits } from './limit-settings.ts'

/**
 * Compiles the limits of one scope.
 * @param scope a method or a route pattern; undefined for the whole integration
 */
export function compileLimits(
  integration: string,
  scope: string | undefined,
  { rate, burst, quota, concurrency, reportOnly }: Static<typeof ScopedLimits>,
): readonly Limit[] {
  const facts = (kind: Limit['kind'], detail = '') => ({
    name: `${scope === undefined ? '' : `${scope} `}${kind}${detail}`,
    key: { integration, scope, kind: `${kind}${detail}` },
    isReportOnly: Array.isArray(reportOnly) ? reportOnly.includes(kind) : reportOnly === true,
  })
  const limits: Limit[] = []
  if (rate !== undefined) {
    const { count, unitSeconds } = parseRate(rate)
    const perSecond = Math.ceil(count / unitSeconds)
    limits.push({
      ...facts('rate'),
      kind: 'rate',
      count,
      unitSeconds,
      burst: burst ?? Math.min(perSecond, 1_000_000),
    })
  }
  for (const { count, period } of parseQuotas(quota)) {
    limits.push({ ...facts('quota', `/${period}`), kind: 'quota', count, period })
  }
  if (concurrency !== undefined) {
    limits.push({ ...facts('concurrency'), kind: 'concurrency', count: concurrency })
  }
  return limits
}

/** Reads `5000/hour, 100000/day`. */
function parseQuotas(text = ''): { readonly count: number; readonly period: QuotaPeriod }[] {
  return [...text.matchAll(/\b(\d+)\/(\w+)/g)].map(([, count, period]) => {
    return { count: Number(count), period: period as QuotaPeriod }
  })
}
