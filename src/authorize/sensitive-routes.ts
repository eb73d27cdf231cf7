import { hash } from 'node:crypto'
import { Type } from 'typebox'
import { parseRate, RateSetting } from '../contract/rate.ts'
import { allow, definePolicy } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { addressKey } from '../syntax/address-key.ts'
import { asComparedByDatabase } from '../syntax/database-text.ts'
import { percentDecode } from '../syntax/percent-encoding.ts'
import { apiRoute } from './api-route.ts'
import { foldName } from './folded-names.ts'

/** At most this many addresses, and as many subjects, are remembered at a time. */
const rememberedKeys = 100_000

interface SensitiveRoute {
  readonly guess: 'credential' | 'account' | 'card'
  readonly form: RegExp
  /** The accounts that are guessed at, or the cart on which cards are tried. */
  readonly subjects: (request: RequestContext, segments: readonly string[]) => readonly string[]
}

const routes: readonly SensitiveRoute[] = [
  // Passwords and second factors (Magento: Integration and TwoFactorAuth, etc/webapi.xml).
  {
    guess: 'credential',
    form: /^POST V1\/(?:integration\/(?:admin|customer)\/token|tfa\/.+)$/,
    subjects: accountsOf,
  },
  // Finding out which e-mail addresses have an account.
  {
    guess: 'account',
    form: /^(?:POST V1\/customers(?:\/isEmailAvailable|\/resetPassword)?|PUT V1\/customers\/password)$/,
    subjects: accountsOf,
  },
  // Trying stolen cards.
  {
    guess: 'card',
    form: /^(?:POST|PUT) V1\/(?:guest-carts\/[^/]+|carts\/[^/]+)\/(?:(?:set-)?payment-information|order)$/,
    subjects: cartOf,
  },
]

/** Every customer's own cart is called `mine`. Whose it is depends on the token that is passed on to Magento. */
function cartOf({ bearerDigest = '' }: RequestContext, segments: readonly string[]): string[] {
  const [, carts = '', raw = ''] = segments
  const id = percentDecode(raw) ?? raw
  // Magento casts a numeric id to an integer.
  const cart = Number.isFinite(Number(id)) ? String(Math.trunc(Number(id))) : id
  return [`${carts} ${cart}${id === 'mine' ? ` ${bearerDigest}` : ''}`]
}

const accountNames = new Set(['username', 'email', 'customeremail'])

/** Everything that may name an account, whatever the route: Magento ignores names that the route does not have. */
function accountsOf({ json }: RequestContext): string[] {
  const value = json?.value ?? {}
  const nested = Object.entries(value).flatMap(([name, member]) =>
    foldName(name) === 'customer' && typeof member === 'object' && member
      ? Object.entries(member)
      : [],
  )
  return [...Object.entries(value), ...nested].flatMap(([name, member]) =>
    accountNames.has(foldName(name)) && /^(?:string|number)$/.test(typeof member)
      ? String(member)
      : [],
  )
}

/** Hashed, so that a caller cannot fill the memory with long names of accounts. */
function keyOf(guess: SensitiveRoute['guess'], subject: string): string {
  return hash('sha256', `${guess} ${subject}`, 'base64')
}

/**
 * Limits the rate of calls to routes on which passwords, second factors, accounts and cards can be guessed: per address
 * of the caller, and per account or cart, whoever calls.
 */
export const sensitiveRoutes = definePolicy({
  name: 'sensitive-routes',
  stage: 'authorize',
  isReportable: true,
  section: 'policies',
  key: 'sensitiveRoutes',
  settings: Type.Object(
    {
      perAddress: RateSetting('60/min'),
      perSubject: RateSetting('10/min'),
    },
    { additionalProperties: false, description: 'Rates where accounts and cards are guessed.' },
  ),
  absent: { perAddress: '60/min', perSubject: '10/min' },
  prepare: ({ perAddress, perSubject }, services) => {
    const limiterOf = (of: 'address' | 'subject', rate: string) => {
      const { count, unitSeconds } = parseRate(rate)
      // The calls of one minute may come at once.
      const burst = Math.max(1, Math.ceil((count * 60) / unitSeconds))
      const name = `${services.integration}/sensitive-routes by ${of}`
      return services.localLimiter(
        name,
        { ratePerSecond: count / unitSeconds, burst },
        rememberedKeys,
      )
    }
    const takeOfAddress = limiterOf('address', perAddress)
    const takeOfSubject = limiterOf('subject', perSubject)
    return function checkSensitiveRoute(request) {
      if (request.method === 'GET' || request.method === 'DELETE') return allow
      const { execution, segments } = apiRoute(request.target?.segments ?? [])
      const path = segments.join('/')
      const route = routes.find(({ form }) => form.test(`${request.method} ${path}`))
      if (route === undefined) return allow
      // A job that Magento works off turns an array into a bulk.
      if (execution === 'bulk' || Array.isArray(request.json?.value)) {
        return reject('attack-refused', 'bulk request to a sensitive route', {
          detail: 'This route may not be called in bulk.',
        })
      }
      const subjects = new Set(route.subjects(request, segments).map(asComparedByDatabase))
      const decisions = [takeOfAddress(addressKey(request.clientIp ?? ''))]
      for (const subject of subjects) decisions.push(takeOfSubject(keyOf(route.guess, subject)))
      const waitMs = Math.max(
        ...decisions.map(({ isAllowed, retryAfterMs }) => (isAllowed ? 0 : retryAfterMs)),
      )
      if (decisions.every(({ isAllowed }) => isAllowed)) return allow
      return reject('rate-limited', 'too many calls of a sensitive route', {
        retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
      })
    }
  },
})
