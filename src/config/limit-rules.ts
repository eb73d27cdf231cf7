import { escapePointer } from '../syntax/json-pointer.ts'
import { faultAt, type RuleFault } from './faults.ts'
import type { IntegrationSettings } from './integration-settings.ts'

const at = '/policies/rateLimit'

/** Checks how the limits of an integration fit together. */
export function checkLimitRules({ policies: { rateLimit } }: IntegrationSettings): RuleFault[] {
  if (rateLimit === undefined) return []
  const scopes = [
    { pointer: at, limits: rateLimit },
    ...Object.entries(rateLimit.routes ?? {}).map(([scope, limits]) => ({
      pointer: `${at}/routes/${escapePointer(scope)}`,
      limits,
    })),
  ]
  const isConcurrent = scopes.some(({ limits }) => limits.concurrency !== undefined)
  return [
    ...scopes.flatMap(({ pointer, limits }) =>
      faultAt(
        `${pointer}/burst`,
        limits.burst !== undefined && limits.rate === undefined && 'a rate beside it',
      ),
    ),
    ...faultAt(
      `${at}/leaseTokens`,
      rateLimit.leaseTokens !== undefined &&
        isConcurrent &&
        'none where concurrency is limited, which takes a round trip for each request',
    ),
  ]
}
