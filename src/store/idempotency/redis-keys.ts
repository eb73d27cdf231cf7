import { randomUUID } from 'node:crypto'
import type { KeptAnswer, KeyState, TakeKey, TakenKey } from '../../contract/idempotency.ts'
import { luaScript } from '../lua-script.ts'
import type { RedisGuard } from '../redis-guard.ts'
import { whenBack } from '../when-back.ts'

/** The script, by the name of its command on the client. */
export const settleKeyScript = { settleKey: luaScript('settle-key.lua', import.meta.url, 1) }

/** A Redis client on which the script is defined. */
export interface KeyCommands {
  settleKey(name: string, running: string, ended: string, lifeMs: number): Promise<number>
  set(name: string, value: string, px: 'PX', lifeMs: number, nx: 'NX'): Promise<unknown>
  get(name: string): Promise<string | null>
}

/** The value of a key in Redis, with short names since there are many. */
interface Entry {
  /** The fingerprint of the request. */
  readonly f: string
  /** The holder: identifies the one request that has taken the key. Absent once that request is over. */
  readonly h?: string
  /** The answer, with the body in base64. Absent until the request is over. */
  readonly a?:
    | { readonly s: number; readonly t: string; readonly b: string }
    | { readonly p: string }
    | 0
}

/** How a request with a key has ended. */
interface KeyEnd {
  readonly name: string
  /** The value of the key while the request runs. */
  readonly value: string
  /** The value of the key from then on; empty to release the key. */
  readonly ended: string
  /** How long the key stays after that, milliseconds. */
  readonly lifeMs: number
}

/** How many characters wait for Redis to be back. A key whose end is not kept stays taken until it expires. */
const maxUnsaidLength = 33_554_432

/**
 * Keys that all processes share. While Redis is away no key can be taken. How requests that hold a key have ended in
 * the meantime is reported as soon as Redis is back, and a key that may have been taken unnoticed is released.
 */
export function redisKeys(redis: KeyCommands, guard: RedisGuard): TakeKey {
  const sayLater = whenBack(guard, (end: KeyEnd) => void say(end), {
    most: maxUnsaidLength,
    sizeOf: ({ name, value, ended }) => name.length + value.length + ended.length,
  })

  async function begin(
    name: string,
    value: string,
    ttlMs: number,
    taken: TakenKey,
    isGivenUp: () => boolean,
  ): Promise<KeyState> {
    // A second attempt, since a key may expire or be released between the two commands. After the deadline there is none:
    // it could take the key after that has been released.
    for (let attempt = 0; attempt < 2 && !isGivenUp(); attempt += 1) {
      if ((await redis.set(name, value, 'PX', ttlMs, 'NX')) === 'OK') return taken
      const text = await redis.get(name)
      if (text !== null) return stateOf(JSON.parse(text) as Entry)
    }
    return { state: 'unavailable' }
  }

  async function say(end: KeyEnd): Promise<void> {
    const { name, value, ended, lifeMs } = end
    await guard.ask<unknown>({
      slotKey: name,
      ask: () => redis.settleKey(name, value, ended, lifeMs),
      fallback: () => sayLater(end),
    })
  }

  return async (owner, key, f, ttlMs) => {
    const name = `magegate:idempotency:${JSON.stringify([owner, key])}`
    const value = textOf({ f, h: randomUUID() })
    const released = { name, value, ended: '', lifeMs: 0 }
    const taken: TakenKey = {
      state: 'fresh',
      finish: (answer) =>
        say({ name, value, ended: textOf({ f, a: entryOf(answer) }), lifeMs: ttlMs }),
      release: () => say(released),
    }
    let isAsked = false
    let isGivenUp = false
    return guard.ask<KeyState>({
      slotKey: name,
      ask: () => {
        isAsked = true
        return begin(name, value, ttlMs, taken, () => isGivenUp)
      },
      fallback: () => {
        isGivenUp = true
        // If Redis answered too late, it has taken the key all the same, and nobody else would release it.
        if (isAsked) sayLater(released)
        return { state: 'unavailable' }
      },
    })
  }
}

function textOf(entry: Entry): string {
  return JSON.stringify(entry)
}

function entryOf(answer: KeptAnswer): NonNullable<Entry['a']> {
  if (answer === 'not kept') return 0
  if ('problem' in answer) return { p: answer.problem }
  return { s: answer.status, t: answer.contentType, b: answer.body.toString('base64') }
}

function stateOf({ f: fingerprint, a: answer }: Entry): KeyState {
  if (answer === undefined) return { state: 'running', fingerprint }
  if (answer === 0) return { state: 'over', fingerprint, answer: 'not kept' }
  if ('p' in answer) return { state: 'over', fingerprint, answer: { problem: answer.p } }
  const { s: status, t: contentType, b } = answer
  const body = Buffer.from(b, 'base64')
  return { state: 'over', fingerprint, answer: { status, contentType, body } }
}
