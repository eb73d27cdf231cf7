import type { Static } from 'typebox'
import type { Limit } from '../../contract/limit.ts'
import { compileLimits } from './compile-limits.ts'
import type { RateLimitSettings, ScopedLimits } from './limit-settings.ts'

const unitNames: Readonly<Record<number, string>> = { 1: 's', 60: 'min', 3600: 'h' }

/** A limit in words: `20/s, burst 40`. */
export function describeLimit(limit: Limit): string {
  if (limit.kind === 'concurrency') return `${limit.count} at once`
  if (limit.kind === 'quota') return `${limit.count}/${limit.period}`
  return `${limit.count}/${unitNames[limit.unitSeconds]}, burst ${limit.burst}`
}

/** What a request of a scope costs, in words. */
function describeCost(
  scope: string | undefined,
  { fixed, items, pageSize, unpaged }: NonNullable<Static<typeof ScopedLimits>['cost']>,
): string {
  const costs = [
    fixed,
    items !== undefined && `1 for each element of ${items || 'the body'}`,
    pageSize !== undefined && `1 for every ${pageSize} of pageSize`,
    unpaged !== undefined && `${unpaged} for a GET without pageSize`,
  ].filter(Boolean)
  return `${scope === undefined ? '' : `${scope} `}cost ${costs.join(' or ') || 1}`
}

/** All limits of an integration in words, with what its requests cost, in one line. */
export function describeRateLimit(
  integration: string,
  settings: Static<typeof RateLimitSettings> | undefined,
): string {
  if (settings === undefined) return 'no limits'
  const { routes = {}, class: className, onStoreFailure = 'local', leaseTokens } = settings
  const scopes = [[undefined, settings] as const, ...Object.entries(routes)]
  const described = scopes.flatMap(([scope, scoped]) => [
    ...compileLimits(integration, scope, scoped).map(
      (limit) =>
        `${limit.name} ${describeLimit(limit)}${limit.isReportOnly ? ' (report only)' : ''}`,
    ),
    ...(scoped.cost === undefined ? [] : [describeCost(scope, scoped.cost)]),
  ])
  return [
    ...(className === undefined ? [] : [`class ${className}`]),
    ...described,
    ...(leaseTokens === undefined ? [] : [`leases of ${leaseTokens} tokens`]),
    `while the store is away: ${onStoreFailure}`,
  ].join('; ')
}
