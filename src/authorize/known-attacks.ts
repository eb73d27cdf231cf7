import { Type } from 'typebox'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { attackRules, suspectOf } from './attack-rules.ts'
import { RoutePatternSetting } from './route-pattern.ts'

const ruleNames = ['write-query', ...Object.keys(attackRules)]

/** Refuses what known attacks on Magento consist of, with or without a schema. `docs/attacks.md` lists them. */
export const knownAttacks = definePolicy({
  name: 'known-attacks',
  stage: 'authorize',
  isReportable: true,
  section: 'policies',
  key: 'knownAttacks',
  settings: Type.Object(
    {
      except: Type.Record(
        RoutePatternSetting(),
        Type.Array(Type.Enum(ruleNames), { uniqueItems: true }),
        {
          additionalProperties: false,
          default: {},
          description: 'The rules that do not apply, by granted route.',
        },
      ),
    },
    { additionalProperties: false, description: 'Rules against known attacks; all of them apply.' },
  ),
  absent: { except: {} },
  prepare: ({ except }) => {
    const rules = Object.entries(attackRules)
    return function checkKnownAttacks(request) {
      const excepted: readonly string[] = except[request.route ?? ''] ?? []
      // In Magento a query parameter replaces the member of the body with the same name
      // (Magento: Framework/Webapi/Rest/Request.php, getRequestData).
      if (hasWriteQuery(request) && !excepted.includes('write-query')) {
        return reject('query-not-allowed', 'a write has a query parameter')
      }
      const suspect = suspectOf(request)
      for (const [name, { detail, matches }] of rules) {
        if (!excepted.includes(name) && matches(suspect)) {
          return reject('attack-refused', `rule ${name}`, { detail })
        }
      }
      return allow
    }
  },
})

function hasWriteQuery({ method, target }: RequestContext): boolean {
  const query = target?.query
  if (!query || method === 'GET') return false
  return !query.split('&').every((pair) => pair.startsWith('fields='))
}
