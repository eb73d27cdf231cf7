import { type Limit, type LimitState, sizeOf } from '../../contract/limit.ts'

const secondsOf = { hour: 3_600, day: 86_400, month: 2_592_000 } as const

/*
 * Limits that are only reported do not appear in these fields. A caller that respects the fields would keep to such a
 * limit, and the operator who tries it out would learn nothing.
 */

/**
 * The field `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers, section "RateLimit-Policy Field"):
 * `"rate";q=40;w=2, "concurrency";q=8;qu="concurrent-requests"`. Empty when no limit is enforced. The window of a
 * rate is the time in which its bucket fills up; a month counts as thirty days.
 */
export function policyField(limits: readonly Limit[]): string {
  return limits
    .filter(({ isReportOnly }) => !isReportOnly)
    .map(policyItem)
    .join(', ')
}

function policyItem(limit: Limit): string {
  // Names consist of visible ASCII without quotes and backslashes, so no escaping is needed (RFC 9651, String).
  const item = `"${limit.name}"`
  if (limit.kind === 'rate') {
    const windowSeconds = Math.ceil((limit.burst * limit.unitSeconds) / limit.count)
    return `${item};q=${limit.burst};w=${windowSeconds}`
  }
  if (limit.kind === 'quota') return `${item};q=${limit.count};w=${secondsOf[limit.period]}`
  return `${item};q=${limit.count};qu="concurrent-requests"`
}

/** The field `RateLimit`: `"rate";r=39;t=1, "concurrency";r=7`. */
export function stateField(limits: readonly Limit[], states: readonly LimitState[]): string {
  let field = ''
  for (let index = 0; index < limits.length; index += 1) {
    const { name, kind, isReportOnly } = limits[index] as Limit
    if (isReportOnly) continue
    const { remaining, resetMs } = states[index] as LimitState
    const reset = kind === 'concurrency' ? '' : `;t=${Math.ceil(resetMs / 1000)}`
    field += `${field === '' ? '' : ', '}"${name}";r=${remaining}${reset}`
  }
  return field
}

/** The widespread fields `X-RateLimit-*`, for the limit that refuses, or else the one of which the smallest share is left. */
export function legacyFields(limits: readonly Limit[], states: readonly LimitState[]): string[] {
  let tightest: number | undefined
  for (let index = 0; index < limits.length; index += 1) {
    if (limits[index]?.isReportOnly) continue
    const isTighter =
      tightest === undefined || leftOf(limits, states, index) < leftOf(limits, states, tightest)
    if (isTighter) tightest = index
  }
  const limit = limits[tightest ?? -1]
  const state = states[tightest ?? -1]
  if (limit === undefined || state === undefined) return []
  return [
    'X-RateLimit-Limit',
    String(sizeOf(limit)),
    'X-RateLimit-Remaining',
    String(state.remaining),
    'X-RateLimit-Reset',
    String(Math.ceil(state.resetMs / 1000)),
  ]
}

/** The share that is left of a limit; the less, the longer one that refuses has to be waited for. */
function leftOf(limits: readonly Limit[], states: readonly LimitState[], index: number): number {
  const { isExceeded, remaining, retryAfterMs } = states[index] as LimitState
  return isExceeded ? -1 - retryAfterMs : remaining / sizeOf(limits[index] as Limit)
}
