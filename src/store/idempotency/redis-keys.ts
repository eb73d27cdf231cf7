import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { IdempotencyStore, KeptAnswer, KeyState } from '../../contract/idempotency.ts'
import type { RedisGuard } from '../redis-guard.ts'
import { unsaidEnds } from './unsaid-ends.ts'

/** The script, under the name that it has as a command of the client. */
export const settleKeyScript = {
  settleKey: {
    lua: readFileSync(new URL('settle-key.lua', import.meta.url), 'utf8'),
    numberOfKeys: 1,
  },
}

/** A client of Redis with the script defined. */
export interface KeyCommands {
  settleKey(name: string, running: string, ended: string, lifeMs: number): Promise<number>
  set(name: string, value: string, px: 'PX', lifeMs: number, nx: 'NX'): Promise<unknown>
  get(name: string): Promise<string | null>
}

/** Keys that all processes remember together. */
export interface RedisKeys extends IdempotencyStore {
  /** Says what could not be said while Redis was away; to be called when it is there again. */
  readonly settle: () => void
}

/** How a key stands in Redis. */
interface Entry {
  readonly f: string
  /** Tells the request that has it apart from all others; absent when that is over. */
  readonly h?: string
  /** Absent while the request is not over; the body in base64. */
  readonly a?:
    | { readonly s: number; readonly t: string; readonly b: string }
    | { readonly p: string }
    | 0
}

/**
 * Keys that all processes remember together. While Redis is away none is taken; how a request has ended that
 * has one is said as soon as Redis is back, and a key that Redis may have taken all the same is given back.
 */
export function redisKeys(redis: KeyCommands, guard: RedisGuard): RedisKeys {
  const unsaid = unsaidEnds()
  // What keys have whose requests run here.
  const running = new Map<string, string>()

  async function begin(name: string, value: string, ttlMs: number): Promise<KeyState> {
    // Twice, since a key may end between the two commands.
    for (let attempt = 0; attempt < 2; attempt += 1) {
      if ((await redis.set(name, value, 'PX', ttlMs, 'NX')) === 'OK') return { state: 'fresh' }
      const text = await redis.get(name)
      if (text !== null) return stateOf(JSON.parse(text) as Entry)
    }
    return { state: 'unavailable' }
  }

  /** @param ended empty where the key is given back */
  async function say(name: string, value: string, ended: string, lifeMs: number): Promise<void> {
    await guard.ask<unknown>({
      slotKey: name,
      ask: () => redis.settleKey(name, value, ended, lifeMs),
      fallback: () => unsaid.add({ name, value, ended, lifeMs }),
    })
  }

  async function end(name: string, answer: KeptAnswer | undefined, f = '', ttlMs = 0) {
    const value = running.get(name) ?? ''
    running.delete(name)
    await say(name, value, answer === undefined ? '' : textOf({ f, a: entryOf(answer) }), ttlMs)
  }

  return {
    begin: async (key, fingerprint, ttlMs) => {
      const name = nameOf(key)
      const value = textOf({ f: fingerprint, h: randomUUID() })
      let isAsked = false
      const state = await guard.ask<KeyState>({
        slotKey: name,
        ask: () => {
          isAsked = true
          return begin(name, value, ttlMs)
        },
        fallback: () => {
          // A Redis that answers too late has taken it all the same, and nobody else would give it back.
          if (isAsked) unsaid.add({ name, value, ended: '', lifeMs: 0 })
          return { state: 'unavailable' }
        },
      })
      if (state.state === 'fresh') running.set(name, value)
      return state
    },
    finish: (key, fingerprint, answer, ttlMs) => end(nameOf(key), answer, fingerprint, ttlMs),
    release: (key) => end(nameOf(key), undefined),
    settle: () => {
      for (const { name, value, ended, lifeMs } of unsaid.take()) {
        void say(name, value, ended, lifeMs)
      }
    },
  }
}

function nameOf(key: string): string {
  return `magegate:idempotency:${key}`
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
