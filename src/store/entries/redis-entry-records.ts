import type { Beginning, EntryRecords, Load } from '../../jobs/rabbitmq/entry-records.ts'
import { type AskRedis, redisAway } from '../ask-redis.ts'
import { luaScript } from '../lua-script.ts'
import type { RedisClient } from '../redis-client.ts'

const script = (name: string) => luaScript(`${name}.lua`, import.meta.url, 3)

/** The scripts, by the names of their commands on the client. */
export const entryScripts = {
  renewEntry: script('renew-entry'),
  markEntryPut: script('mark-entry-put'),
  cancelEntry: script('cancel-entry'),
  beginEntry: script('begin-entry'),
  settleEntry: script('settle-entry'),
}

type Script<Answer> = (...keysAndValues: (string | number)[]) => Promise<Answer>

/** A Redis client on which the scripts are defined. */
export interface EntryCommands {
  readonly renewEntry: Script<number>
  readonly markEntryPut: Script<number>
  readonly cancelEntry: Script<'cancelled' | 'begun' | 'absent'>
  readonly beginEntry: Script<readonly [string, ...(string | null)[]]>
  readonly settleEntry: Script<number>
}

/** How long it is remembered that an entry was cancelled, since the entry itself may still be in the queue. */
const cancelledForMs = 7 * 86_400_000

/**
 * The records of one queue's entries, in Redis. All are in one slot, since some commands touch several of them.
 * @param clock milliseconds since the epoch
 */
export function redisEntryRecords(
  redis: RedisClient,
  askRedis: AskRedis,
  queue: string,
  clock: () => number,
): EntryRecords {
  const prefix = `magegate:queue:{${queue}}`
  const live = `${prefix}:live`
  const cancelled = `${prefix}:cancelled`
  const holders = `${prefix}:holders`
  const holderKey = (holder: string) => `${prefix}:holder:${holder}`
  const keysOf = (id: string) => [`${prefix}:entry:${id}`, live, cancelled, id] as const
  const ask = <Answer>(command: () => Promise<Answer>) => askRedis(live, command)

  const renew = async (id: string, lifeMs: number, isDeadRenewed: boolean) =>
    (await ask(() => redis.renewEntry(...keysOf(id), lifeMs, Number(isDeadRenewed)))) === 1

  return {
    note: async (id, lifeMs) => ((await renew(id, lifeMs, false)) ? 'fresh' : 'put'),
    markPut: async (id, putAtMs) => {
      await ask(() => redis.markEntryPut(...keysOf(id), putAtMs))
    },
    cancel: (id) => ask(() => redis.cancelEntry(...keysOf(id), clock(), cancelledForMs)),
    begin: async (id, attempt) => {
      const { holder, isRedelivered, interruptedHolder = '', putAtMs, lifeMs, past } = attempt
      const { attempts = 0, isInterrupted = false, isUntouched = true } = past ?? {}
      const values = [
        ...[holder, clock(), Number(isRedelivered), interruptedHolder, lifeMs, putAtMs],
        ...[attempts, Number(isInterrupted), Number(isUntouched)],
      ]
      return beginningOf(await ask(() => redis.beginEntry(...keysOf(id), ...values)))
    },
    settle: async (id, holder, ending, lifeMs) => {
      const { state, attempts, isInterrupted, isUntouched, dueAtMs, reason, payload } = ending
      const values = [
        ...[holder, state, attempts, Number(isInterrupted), Number(isUntouched)],
        ...[dueAtMs, reason, lifeMs, ...(payload ? [payload.toString('base64')] : [])],
      ]
      return (await ask(() => redis.settleEntry(...keysOf(id), ...values))) === 1
    },
    revive: (id, lifeMs) => renew(id, lifeMs, true),
    forget: async (id) => {
      const [record] = keysOf(id)
      await ask(() => redis.del(record))
    },
    beat: async (holder, load, lifeMs) => {
      const value = JSON.stringify(load)
      await ask(() =>
        Promise.all([
          redis.set(holderKey(holder), value, 'PX', lifeMs),
          redis.sadd(holders, holder),
        ]),
      )
    },
    leave: async (holder) => {
      await ask(() => redis.del(holderKey(holder)))
    },
    isAlive: async (holder) => (await ask(() => redis.exists(holderKey(holder)))) === 1,
    loads: async () => {
      const names = await ask(() => redis.smembers(holders))
      if (names.length === 0) return []
      const texts = await ask(() => redis.mget(names.map(holderKey)))
      const gone = names.filter((_, index) => texts[index] === null)
      if (gone.length > 0) await ask(() => redis.srem(holders, ...gone))
      return texts.flatMap((text) => (text ? [JSON.parse(text) as Load] : []))
    },
    live: async () => {
      const [count, oldest] = await ask(() =>
        Promise.all([redis.zcard(live), redis.zrange(live, '0', '0', 'WITHSCORES')]),
      )
      return { count, oldestPutAtMs: oldest[1] === undefined ? undefined : Number(oldest[1]) }
    },
    cancelled: () => ask(() => redis.zrange(cancelled, '0', '-1')),
  }
}

function beginningOf([state, first, second, third]: readonly (string | null)[]): Beginning {
  const changed = typeof third === 'string' && { payload: Buffer.from(third, 'base64') }
  switch (state) {
    case 'begun':
      return { state, attempts: Number(first), isInterrupted: second === '1', ...changed }
    case 'early':
      return { state, dueAtMs: Number(first) }
    case 'running':
      return { state, holder: String(first) }
    case 'dead':
      return { state, attempts: Number(first), reason: String(second), ...changed }
    case 'cancelled':
    case 'over':
      return { state }
    default:
      throw redisAway('UNKNOWN')
  }
}
