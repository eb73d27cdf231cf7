import { hash } from 'node:crypto'
import { Type } from 'typebox'
import { mayBeBulk } from '../contract/api-route.ts'
import { parseRate, RateSetting } from '../contract/rate.ts'
import { closed } from '../contract/setting-forms.ts'
import { withJitter } from '../contract/with-jitter.ts'
import { allow, definePolicy, type Verdict } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { addressKey } from '../syntax/address-key.ts'
import { asComparedByDatabase } from '../syntax/database-text.ts'
import { type Asked, askedOfMagento } from './asked-of-magento.ts'
import { type GuessedRoute, guessedRoute } from './guessed-routes.ts'

/** At most this many addresses, and as many subjects, are remembered at a time. */
const rememberedKeys = 100_000

/** Hashed, so that a caller cannot fill the memory with long names of accounts. */
function keyOf(guess: GuessedRoute['guess'], subject: string): string {
  return hash('sha256', `${guess} ${subject}`, 'base64')
}

/**
 * Limits the rate of calls to routes on which passwords, second factors, accounts and cards can be guessed: per address
 * of the caller, and per account or cart, from whatever address they come.
 */
export const sensitiveRoutes = definePolicy({
  name: 'sensitive-routes',
  stage: 'authorize',
  isReportable: true,
  section: 'policies',
  key: 'sensitiveRoutes',
  settings: Type.Object(
    {
      perAddress: RateSetting(
        'Calls from one address, sustained; those of a minute may come at once.',
        '60/min',
      ),
      perSubject: RateSetting(
        'Calls for one account or cart, from all addresses, sustained; those of a minute may come at once.',
        '10/min',
      ),
    },
    {
      ...closed,
      description: 'Rates on routes where accounts and cards can be guessed.',
    },
  ),
  absent: {},
  prepare: ({ perAddress, perSubject }, services) => {
    const limiterOf = (of: 'address' | 'subject', rate: string) => {
      const { count, unitSeconds } = parseRate(rate)
      // The calls of one minute may come at once.
      const burst = Math.ceil((count * 60) / unitSeconds)
      const name = `${services.integration}/sensitive-routes by ${of}`
      return services.localLimiter(
        name,
        { ratePerSecond: count / unitSeconds, burst },
        rememberedKeys,
      )
    }
    const takeOfAddress = limiterOf('address', perAddress)
    const takeOfSubject = limiterOf('subject', perSubject)
    function take(
      { clientIp = '', bearerDigest }: RequestContext,
      { execution, segments }: Asked,
      route: GuessedRoute,
      body: unknown,
    ): Verdict {
      if (mayBeBulk(execution, body)) {
        return reject('attack-refused', 'bulk request to a sensitive route', {
          detail: 'This route may not be called in bulk.',
        })
      }
      const subjects = new Set(
        route.subjects({ segments, body, bearerDigest }).map(asComparedByDatabase),
      )
      const decisions = [takeOfAddress(addressKey(clientIp))]
      for (const subject of subjects) decisions.push(takeOfSubject(keyOf(route.guess, subject)))
      const waitMs = Math.max(...decisions.map(({ retryAfterMs }) => retryAfterMs))
      if (decisions.every(({ isAllowed }) => isAllowed)) return allow
      return reject('rate-limited', 'too many calls of a sensitive route', {
        retryAfterSeconds: withJitter(waitMs / 1000, services.random),
      })
    }
    return function checkSensitiveRoute(request) {
      if (request.method === 'GET') return allow
      for (const asked of askedOfMagento(request)) {
        const route = guessedRoute(asked.method, asked.segments)
        if (route === undefined) continue
        if (asked.call === undefined) return take(request, asked, route, request.json?.value)
        return asked.call.bodyOf().then((body) => take(request, asked, route, body))
      }
      return allow
    }
  },
})
