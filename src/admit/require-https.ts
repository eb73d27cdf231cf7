import { allow, type Step } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'

/** What is demanded of the way that requests come. */
export interface HttpsFacts {
  readonly requireHttps: boolean
  /** Tells callers to use HTTPS only (RFC 6797); nothing is told where it is absent. */
  readonly hsts: { readonly maxAgeSeconds: number; readonly includeSubDomains: boolean } | undefined
}

/**
 * Refuses what came over plain HTTP, unless a trusted proxy says that it took it over TLS, and puts
 * `Strict-Transport-Security` on the answers to the rest.
 */
export const requireHttps: Step<HttpsFacts> = {
  name: 'require-https',
  prepare: ({ requireHttps: isRequired, hsts }) => {
    const policy = hsts && hstsPolicy(hsts)
    if (!isRequired && policy === undefined) return () => allow
    return function checkRequireHttps(request) {
      const isHttps = request.isTls || isHttpsAtProxy(request)
      if (isRequired && !isHttps) return reject('https-required', 'request came over plain HTTP')
      // RFC 6797, section 7.2: never over plain HTTP.
      if (policy !== undefined && isHttps) {
        request.answerHeaders.push('Strict-Transport-Security', policy)
      }
      return allow
    }
  },
}

function isHttpsAtProxy(request: RequestContext): boolean {
  return request.viaTrustedProxy && request.header('x-forwarded-proto') === 'https'
}

// RFC 6797, section 6.1.
function hstsPolicy({ maxAgeSeconds, includeSubDomains }: NonNullable<HttpsFacts['hsts']>): string {
  return `max-age=${maxAgeSeconds}${includeSubDomains ? '; includeSubDomains' : ''}`
}
