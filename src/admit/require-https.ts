import { allow, type Step } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'

/** How requests have to arrive. */
export interface HttpsFacts {
  readonly requireHttps: boolean
  /** What `Strict-Transport-Security` tells callers (RFC 6797); undefined to send no such header. */
  readonly hsts: { readonly maxAgeSeconds: number; readonly includeSubDomains: boolean } | undefined
}

/**
 * Refuses requests that came over plain HTTP, to the gateway or as a trusted proxy says to that proxy, and puts
 * `Strict-Transport-Security` on the answers to the others.
 */
export const requireHttps: Step<HttpsFacts> = {
  name: 'require-https',
  prepare: ({ requireHttps: isRequired, hsts }) => {
    const policy = hsts && hstsPolicy(hsts)
    if (!isRequired && policy === undefined) return () => allow
    return function checkRequireHttps(request) {
      const isHttps = isHttpsOfCaller(request)
      if (isRequired && !isHttps) return reject('https-required', 'request came over plain HTTP')
      // RFC 6797, section 7.2: never over plain HTTP.
      if (policy !== undefined && isHttps) {
        request.answerHeaders.push('Strict-Transport-Security', policy)
      }
      return allow
    }
  },
}

/** A trusted proxy says how the caller reached it, whether or not it uses TLS to the gateway itself. */
function isHttpsOfCaller(request: RequestContext): boolean {
  const said = request.viaTrustedProxy ? request.header('x-forwarded-proto') : undefined
  return said ? said === 'https' : request.isTls
}

// RFC 6797, section 6.1.
function hstsPolicy({ maxAgeSeconds, includeSubDomains }: NonNullable<HttpsFacts['hsts']>): string {
  return `max-age=${maxAgeSeconds}${includeSubDomains ? '; includeSubDomains' : ''}`
}
