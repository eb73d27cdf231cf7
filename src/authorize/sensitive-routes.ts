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

/** How many addresses and subjects are remembered at once. */
const rememberedKeys = 100_000

interface SensitiveRoute {
  readonly guess: 'credential' | 'account' | 'card'
  readonly form: RegExp
  /** What is guessed at: accounts, or a cart that cards are tried on. */
  readonly subjects: (request: RequestContext, segments: readonly string[]) => readonly string[]
}

const routes: readonly SensitiveRoute[] = [
  // Passwords and second factors (Magento: Integration and TwoFactorAuth, etc/webapi.xml).
  {
    guess: 'credential',
    form: /^POST V1\/(?:integration\/(?:admin|customer)\/token|tfa\/.+)$/,
    subjects: accountsOf,
  },
  // Which addresses have an account.
  {
    guess: 'account',
    form: /^(?:POST V1\/customers(?:\/isEmailAvailable|\/resetPassword)?|PUT V1\/customers\/password)$/,
    subjects: accountsOf,
  },
  // Stolen cards.
  {
    guess: 'card',
    form: /^(?:POST|PUT) V1\/(?:guest-carts\/[^/]+|carts\/[^/]+)\/(?:(?:set-)?payment-information|order)$/,
    subjects: cartOf,
  },
]

/** Every customer calls the own cart `mine`; which one it is, the token says that is passed on to Magento. */
function cartOf({ bearerDigest = '' }: RequestContext, segments: readonly string[]): string[] {
  const [, carts = '', raw = ''] = segments
  const id = percentDecode(raw) ?? raw
  // An id that is a number Magento casts to one.
  const cart = Number.isFinite(Number(id)) ? String(Math.trunc(Number(id))) : id
  return [`${carts} ${cart}${id === 'mine' ? ` ${bearerDigest}` : ''}`]
}

const accountNames = new Set(['username', 'email', 'customeremail'])

/** All that may name an account: of names that its route does not have Magento takes no notice. */
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

/** Of a fixed length, whatever a caller takes for the name of an account. */
function keyOf(guess: SensitiveRoute['guess'], subject: string): string {
  return hash('sha256', `${guess} ${subject}`, 'base64')
}

/**
 * Holds the routes on which accounts, cards and second factors are guessed to a rate of their own: by
 * the caller's address, and by the account or cart, whoever asks.
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
      // As many as come in a minute may come at once.
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
      // Of an array a job of Magento's makes a bulk.
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
