import type { IdempotencyStore, KeptAnswer, KeyState } from '../../idempotency.ts'
import type { RedisClient } from '../redis-client.ts'
import type { RedisGuard } from '../redis-guard.ts'

/** How a key stands in Redis. */
interface Entry {
  readonly f: string
  /** Absent while the request is not over; the body in base64. */
  readonly a?:
    | { readonly s: number; readonly t: string; readonly b: string }
    | { readonly p: string }
    | 0
}

/** Keys that all processes remember together. While Redis is away none is taken. */
export function redisKeys(redis: RedisClient, guard: RedisGuard): IdempotencyStore {
  async function begin(name: string, fingerprint: string, ttlMs: number): Promise<KeyState> {
    // Twice, since a key may end between the two commands.
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const entry: Entry = { f: fingerprint }
      if ((await redis.set(name, JSON.stringify(entry), 'PX', ttlMs, 'NX')) === 'OK') {
        return { state: 'fresh' }
      }
      const text = await redis.get(name)
      if (text !== null) return stateOf(JSON.parse(text) as Entry)
    }
    return { state: 'unavailable' }
  }

  function ask<Answer>(name: string, command: () => Promise<Answer>, fallback: Answer) {
    return Promise.resolve(
      guard.ask<Answer>({ slotKey: name, ask: command, fallback: () => fallback }),
    )
  }

  return {
    begin: (key, fingerprint, ttlMs) => {
      const name = nameOf(key)
      return ask<KeyState>(name, () => begin(name, fingerprint, ttlMs), { state: 'unavailable' })
    },
    finish: async (key, fingerprint, answer, ttlMs) => {
      const name = nameOf(key)
      const entry: Entry = { f: fingerprint, a: entryOf(answer) }
      await ask<unknown>(name, () => redis.set(name, JSON.stringify(entry), 'PX', ttlMs), null)
    },
    release: async (key) => {
      const name = nameOf(key)
      await ask<unknown>(name, () => redis.del(name), null)
    },
  }
}

function nameOf(key: string): string {
  return `magegate:idempotency:${key}`
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
