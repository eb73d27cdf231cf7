import { allow, type Step } from '../policy.ts'
import { reject } from '../problem.ts'

/** Refuses what came over plain HTTP, unless a trusted proxy says that it took it over TLS. */
export const requireHttps: Step<{ readonly requireHttps: boolean }> = {
  name: 'require-https',
  prepare: (settings) =>
    function checkRequireHttps(request) {
      if (!settings.requireHttps || request.isTls) return allow
      if (request.viaTrustedProxy && request.header('x-forwarded-proto') === 'https') return allow
      return reject('https-required', 'request came over plain HTTP')
    },
}
