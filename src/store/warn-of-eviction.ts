import type { Logger } from 'pino'

/**
 * Prepares to warn the operator of a Redis that may evict keys when its memory is full: all of them have an end, so
 * under any policy but `noeviction` nonces may be among those that go.
 * @returns looks, and warns where that has not been so at the look before; it does not reject; where Redis does not say,
 *   nor does this
 */
export function prepareEvictionWarning(
  redis: { info(section: string): Promise<string> },
  log: Logger,
): () => Promise<void> {
  let told = 'noeviction'
  return async () => {
    const memory = await redis.info('memory').catch(() => '')
    const [, maxmemory] = /^maxmemory:(\d+)/m.exec(memory) ?? []
    const [, policy = 'noeviction'] = /^maxmemory_policy:([\w-]+)/m.exec(memory) ?? []
    if (maxmemory === undefined) return
    const before = told
    told = maxmemory === '0' ? 'noeviction' : policy
    if (told === 'noeviction' || told === before) return
    const advice = 'set its maxmemory-policy to noeviction'
    log.warn({ maxmemoryPolicy: told }, `redis may evict nonces and limits: ${advice}`)
  }
}
