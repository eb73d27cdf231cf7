import { Type } from 'typebox'
import type { PlannedCall } from '../contract/endpoint.ts'
import { RoutePatternSetting } from '../contract/route-pattern.ts'
import { closed } from '../contract/setting-forms.ts'
import { allow, definePolicy, type Verdict } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { attackRules, type Suspect, suspectOf, suspectOfCall } from './attack-rules.ts'

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
          ...closed,
          default: {},
          description: 'The rules that do not apply, by granted route.',
        },
      ),
    },
    { ...closed, description: 'Rules against known attacks; all of them apply.' },
  ),
  absent: {},
  prepare: ({ except }) =>
    function checkKnownAttacks(request) {
      const excepted: readonly string[] = except[request.route ?? ''] ?? []
      // In Magento a query parameter replaces the member of the body with the same name
      // (Magento: Framework/Webapi/Rest/Request.php, getRequestData).
      if (hasWriteQuery(request) && !excepted.includes('write-query')) {
        return reject('query-not-allowed', 'a write has a query parameter')
      }
      const verdict = holdToRules(suspectOf(request), excepted)
      const call = request.endpoint?.call
      if (verdict !== allow || call === undefined || call.method === 'GET') return verdict
      return checkCall(call, excepted)
    },
})

const rules = Object.entries(attackRules)

function holdToRules(suspect: Suspect, excepted: readonly string[]): Verdict {
  for (const [name, { detail, matches }] of rules) {
    if (!excepted.includes(name) && matches(suspect)) {
      return reject('attack-refused', `rule ${name}`, { detail })
    }
  }
  return allow
}

async function checkCall(call: PlannedCall, excepted: readonly string[]): Promise<Verdict> {
  const body = await call.bodyOf()
  if (typeof body !== 'object' || body === null) return allow
  return holdToRules(suspectOfCall(call, body), excepted)
}

function hasWriteQuery({ method, target }: RequestContext): boolean {
  const query = target.query
  if (!query || method === 'GET') return false
  return !query.split('&').every((pair) => pair.startsWith('fields='))
}
