import { standardBounds } from '../authorize/search-criteria/criteria-violations.ts'
import { escapePointer } from '../syntax/json-pointer.ts'
import { faultAt, type RuleFault } from './faults.ts'
import type { IntegrationSettings } from './integration-settings.ts'

const at = '/policies/searchCriteria'

/** Checks that no page size is added to a search that is larger than the largest page. */
export function checkCriteriaRules({
  policies: { searchCriteria },
}: IntegrationSettings): RuleFault[] {
  if (searchCriteria === undefined) return []
  const { routes = {}, ...general } = searchCriteria
  const scopes = [
    { pointer: at, own: general },
    ...Object.entries(routes).map(([route, own]) => ({
      pointer: `${at}/routes/${escapePointer(route)}`,
      own,
    })),
  ]
  return scopes.flatMap(({ pointer, own }) => {
    // What a route has in common with all others is reported only for those.
    if (own.defaultPageSize === undefined && own.maxPageSize === undefined) return []
    const { maxPageSize = standardBounds.maxPageSize, defaultPageSize = 1 } = { ...general, ...own }
    const isTooLarge = defaultPageSize > maxPageSize
    return own.defaultPageSize === undefined
      ? faultAt(
          `${pointer}/maxPageSize`,
          isTooLarge && `at least defaultPageSize, ${defaultPageSize}`,
        )
      : faultAt(
          `${pointer}/defaultPageSize`,
          isTooLarge && `no more than maxPageSize, ${maxPageSize}`,
        )
  })
}
