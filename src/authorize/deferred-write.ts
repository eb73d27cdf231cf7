import { type Static, Type } from 'typebox'
import { PlaceSetting, WriteRouteSetting } from '../contract/route-pattern.ts'
import { closed } from '../contract/setting-forms.ts'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { allValues } from '../syntax/headers.ts'
import { askedOfMagento } from './asked-of-magento.ts'
import { takesSecrets } from './guessed-routes.ts'
import { orderKeyOf } from './order-key.ts'
import { isRepeatableRoute } from './repeatable-route.ts'

const settings = Type.Record(
  WriteRouteSetting(),
  Type.Object(
    {
      mode: Type.Enum(['asked', 'always', 'never'], {
        default: 'asked',
        description:
          'Turn requests with Prefer: respond-async into jobs, or all requests, or none but those with too many items to be answered at once.',
      }),
      engine: Type.Enum(['gateway', 'magento'], {
        default: 'gateway',
        description:
          "Whether the gateway works the job off, or Magento's own asynchronous and bulk API.",
      }),
      inOrderOf: Type.Optional(
        Type.Array(PlaceSetting('/product/sku'), {
          description:
            'Jobs of the integration with the same values here are carried out in order, whatever their routes. With an empty list all its jobs are in order; if left out, none.',
        }),
      ),
      repeatable: Type.Optional(
        Type.Boolean({
          description:
            'Whether it may be sent again when its outcome is unknown. If left out: PUT, DELETE, and routes that set quantities.',
        }),
      ),
      expiryMinutes: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 525_600,
          description:
            'How long it is tried. Same as jobs.expiryMinutes of gateway.yaml if left out.',
        }),
      ),
    },
    closed,
  ),
  { ...closed, description: 'Granted writes that are accepted at once and carried out later.' },
)

/** Turns writes into jobs when the caller asks for it or the configuration says so. */
export const deferredWrite = definePolicy({
  name: 'deferred-write',
  stage: 'authorize',
  section: 'policies',
  key: 'jobs',
  settings,
  absent: {},
  prepare: (rules, { integration, keepsJobs, isPassthrough, jobLifeMs }) => {
    // A job outlives its request, and the caller's own credential is never stored.
    const mayDefer = keepsJobs && !isPassthrough
    return function checkDeferral(request) {
      if (request.method === 'GET' || request.ownRoute !== undefined) return allow
      const rule = rules[request.route ?? ''] ?? standardRule
      const { mode, engine, inOrderOf, expiryMinutes } = rule
      const isLong = isTooLong(request)
      const isAsked = mayDefer && mode !== 'never' && prefersAsync(request.rawHeaders)
      // Nobody but the operator has what is in such a body kept on a disk.
      if (isAsked && rule === standardRule && isSecret(request)) return allow
      if (!isLong && !isAsked && mode !== 'always') return allow
      if (!mayDefer) {
        const detail = 'The request has more items than can be answered at once.'
        const members = { success: false }
        return reject('invalid-body', 'so many items need a job, and there are none', {
          detail,
          members,
        })
      }
      request.deferral = {
        engine,
        orderKey: inOrderOf && orderKeyOf(integration, inOrderOf, request),
        isRepeatable: rule.repeatable ?? isRepeatable(request),
        lifeMs: expiryMinutes === undefined ? jobLifeMs : expiryMinutes * 60_000,
        isAsked,
      }
      return allow
    }
  },
})

/** The rule for routes that the configuration does not mention. */
const standardRule: Static<typeof settings>[string] = { mode: 'asked', engine: 'gateway' }

function isSecret(request: RequestContext): boolean {
  return askedOfMagento(request).some(({ method, segments }) => takesSecrets(method, segments))
}

/** Whether a body, which matches the schema of its endpoint, has too many items to be answered at once. */
function isTooLong({ endpoint, json }: RequestContext): boolean {
  const list = endpoint?.endpoint.longList
  if (list === undefined) return false
  const body = json?.value as Readonly<Record<string, readonly unknown[]>>
  return (body[list.name]?.length ?? 0) > list.mostAtOnce
}

/** Whether a `Prefer` header has `respond-async` (RFC 7240, sections 2 and 4.1). Parameters of it are ignored. */
function prefersAsync(rawHeaders: readonly string[]): boolean {
  return allValues(rawHeaders, 'prefer').some((value) =>
    value.match(listMember)?.some((each) => asyncPreference.test(each)),
  )
}

/** Commas separate members, but not within a quoted string (RFC 9110, sections 5.6.1 and 5.6.4). */
const listMember = /(?:[^",]|"(?:[^"\\]|\\.)*"?)+/g

/** An empty value means the same as none (RFC 7240, section 2). */
const asyncPreference = /^\s*respond-async\s*(?:=\s*""\s*)?(?:;|$)/i

/** Whether carrying the request out twice has the same effect as once. */
function isRepeatable({ route = '', endpoint }: RequestContext): boolean {
  if (endpoint !== undefined) return endpoint.endpoint.isRepeatable ?? false
  return isRepeatableRoute(route)
}
