import type { Child } from './child.ts'
import { benchEnv, benchGrants, benchLimit, itemsSchema } from './configuration.ts'
import { startNginx } from './nginx.ts'
import { core } from './pinning.ts'

/** What the table calls it. */
export const nginxName = 'nginx + Lua'

/** Starts nginx with the policies of the benchmark in Lua, scheme body, in front of the upstream. */
export function startNginxLua(upstreamUrl: string): Promise<Child> {
  const policies = {
    name: 'bench',
    token: benchEnv.BENCH_TOKEN,
    secret: benchEnv.BENCH_SECRET,
    magento: benchEnv.BENCH_MAGENTO,
    ...benchGrants,
    schema: itemsSchema,
    limit: benchLimit,
    addressLimit: benchLimit,
  }
  return startNginx('gateway.conf', { magento: new URL(upstreamUrl).host }, core.proxy, {
    BENCH_POLICIES: JSON.stringify(policies),
  })
}
