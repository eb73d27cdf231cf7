import { Type } from 'typebox'
import type { CacheRule } from '../contract/cache-rule.ts'
import { RoutePatternSetting } from '../contract/route-pattern.ts'
import { closed } from '../contract/setting-forms.ts'
import { allow, definePolicy } from '../policy.ts'

/** Tells the cache for which requests answers may be kept and given again. It refuses nothing. */
export const responseCache = definePolicy({
  name: 'response-cache',
  stage: 'authorize',
  section: 'policies',
  key: 'cache',
  settings: Type.Record(
    RoutePatternSetting(),
    Type.Object(
      {
        ttlSeconds: Type.Integer({
          minimum: 1,
          maximum: 3_600,
          description: 'How long an answer is reused without asking Magento.',
        }),
        staleIfErrorSeconds: Type.Integer({
          minimum: 0,
          maximum: 82_800,
          default: 0,
          description: 'How long after that it may still be used while Magento is down.',
        }),
        shared: Type.Boolean({
          default: false,
          description:
            'Whether all integrations that set this share one answer, which requires that Magento gives them the same one.',
        }),
        upstream: Type.Enum(['override', 'obey'], {
          default: 'override',
          description:
            "Whether ttlSeconds replaces the lifetime that Magento gives its answer, or Magento's lifetime counts, up to ttlSeconds.",
        }),
      },
      closed,
    ),
    {
      ...closed,
      description: 'Granted routes whose answers are kept for a short while.',
    },
  ),
  prepare: (routes, { integration }) => {
    const rules = new Map(
      Object.entries(routes).map(([route, settings]): [string, CacheRule] => [
        route,
        {
          owner: settings.shared ? undefined : integration,
          ttlMs: settings.ttlSeconds * 1000,
          staleIfErrorMs: settings.staleIfErrorSeconds * 1000,
          isUpstreamObeyed: settings.upstream === 'obey',
        },
      ]),
    )
    return function noteCacheRule(request) {
      const { route = '', method } = request
      if (method === 'GET') request.cacheRule = rules.get(route)
      return allow
    }
  },
})
