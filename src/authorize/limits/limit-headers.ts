import type { Limit, LimitState } from '../../contract/limit.ts'

const secondsOf = { hour: 3_600, day: 86_400, month: 2_592_000 } as const

/**
 * The field `RateLimit-Policy` of a list of limits (draft-ietf-httpapi-ratelimit-headers, section
 * "RateLimit-Policy Field"): `"rate";q=40;w=2, "concurrency";q=8;qu="concurrent-requests"`. The window
 * of a rate is the time in which its bucket fills; of a month it is thirty days.
 */
export function policyField(limits: readonly Limit[]): string {
  return limits.map(policyItem).join(', ')
}

function policyItem(limit: Limit): string {
  // Names hold visible ASCII without quotes and backslashes, as a String of RFC 9651 may.
  const item = `"${limit.name}"`
  if (limit.kind === 'rate') {
    const windowSeconds = Math.max(1, Math.ceil((limit.burst * limit.unitSeconds) / limit.count))
    return `${item};q=${limit.burst};w=${windowSeconds}`
  }
  if (limit.kind === 'quota') return `${item};q=${limit.count};w=${secondsOf[limit.period]}`
  return `${item};q=${limit.count};qu="concurrent-requests"`
}

/** The field `RateLimit` of a list of limits: `"rate";r=39;t=1, "concurrency";r=7`. */
export function stateField(limits: readonly Limit[], states: readonly LimitState[]): string {
  let field = ''
  for (let index = 0; index < limits.length; index += 1) {
    const { name, kind } = limits[index] as Limit
    const { remaining, resetMs } = states[index] as LimitState
    const reset = kind === 'concurrency' ? '' : `;t=${Math.ceil(resetMs / 1000)}`
    field += `${index === 0 ? '' : ', '}"${name}";r=${remaining}${reset}`
  }
  return field
}

/** The common fields `X-RateLimit-*`, of the limit that has least left of what it grants at once. */
export function legacyFields(limits: readonly Limit[], states: readonly LimitState[]): string[] {
  let tightest = 0
  for (let index = 1; index < limits.length; index += 1) {
    if (leftOf(limits, states, index) < leftOf(limits, states, tightest)) tightest = index
  }
  const limit = limits[tightest]
  const state = states[tightest]
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

function sizeOf(limit: Limit): number {
  return limit.kind === 'rate' ? limit.burst : limit.count
}

function leftOf(limits: readonly Limit[], states: readonly LimitState[], index: number): number {
  return (states[index]?.remaining ?? 0) / sizeOf(limits[index] as Limit)
}
