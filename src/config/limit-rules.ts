import { escapePointer } from '../syntax/json-pointer.ts'
import type { RuleFault } from './faults.ts'
import type { IntegrationSettings } from './integration-settings.ts'

const at = '/policies/rateLimit'

/** Checks how the limits of an integration fit together. */
export function checkLimitRules({ policies: { rateLimit } }: IntegrationSettings): RuleFault[] {
  if (rateLimit === undefined) return []
  const faults: RuleFault[] = []
  const scopes = [
    { pointer: at, limits: rateLimit },
    ...Object.entries(rateLimit.routes ?? {}).map(([scope, limits]) => ({
      pointer: `${at}/routes/${escapePointer(scope)}`,
      limits,
    })),
  ]
  for (const { pointer, limits } of scopes) {
    if (limits.burst !== undefined && limits.rate === undefined) {
      faults.push({ pointer: `${pointer}/burst`, expected: 'a rate beside it' })
    }
  }
  const isConcurrent = scopes.some(({ limits }) => limits.concurrency !== undefined)
  if (rateLimit.leaseTokens !== undefined && isConcurrent) {
    const expected = 'none where concurrency is limited, which takes a round trip for each request'
    faults.push({ pointer: `${at}/leaseTokens`, expected })
  }
  return faults
}
