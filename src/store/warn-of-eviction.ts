import type { Logger } from 'pino'

/**
 * Warns the operator of a Redis that may evict keys when its memory is full: all of them have an end, so under any
 * policy but `noeviction` nonces may be among those that go. It does not reject; where Redis does not say, nor does this.
 */
export async function warnOfEviction(
  redis: { info(section: string): Promise<string> },
  log: Logger,
): Promise<void> {
  const memory = await redis.info('memory').catch(() => '')
  const [, maxmemory = '0'] = /^maxmemory:(\d+)/m.exec(memory) ?? []
  const [, policy = 'noeviction'] = /^maxmemory_policy:([\w-]+)/m.exec(memory) ?? []
  if (maxmemory === '0' || policy === 'noeviction') return
  log.warn({ policy }, 'redis may evict nonces and limits: set its maxmemory-policy to noeviction')
}
