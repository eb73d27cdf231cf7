import { createHash, randomUUID } from 'node:crypto'
import {
  type AnswerStore,
  everything,
  type Lookup,
  longestKeptMs,
} from '../../contract/answer-store.ts'
import { luaScript } from '../lua-script.ts'
import type { RedisGuard } from '../redis-guard.ts'
import { readEntry, writeEntry } from './redis-entry.ts'

/** The scripts, by the names of their commands on the client. */
export const tagScripts = {
  dropTag: luaScript('drop-tag.lua', import.meta.url, 1),
  renewTag: luaScript('renew-tag.lua', import.meta.url, 1),
}

/** A Redis client on which the scripts are defined. */
export interface AnswerCommands {
  dropTag(key: string, version: string, lifeMs: number, holdOffMs: number): Promise<number>
  renewTag(key: string, lifeMs: number): Promise<number>
  getBuffer(key: string): Promise<Buffer | null>
  mgetBuffer(...keys: string[]): Promise<(Buffer | null)[]>
  set(key: string, value: Buffer | string, px: 'PX', forMs: number): Promise<unknown>
  set(key: string, value: string, px: 'PX', forMs: number, nx: 'NX'): Promise<unknown>
}

/** Stands in place of a tag's version while nothing may be kept under it. */
const held = 'held'

/** At most this many tags wait for Redis to be back; with more, everything is dropped instead. */
const maxPending = 10_000

/**
 * Answers that all processes share. In Redis each tag has a version. An answer is kept together with the versions that
 * its tags had when Magento was asked, and is found as long as they are still the same. If Redis loses a version, the
 * tag gets a new one, so the answers kept under it are lost as well. While Redis is away nothing is found or kept, and
 * what is dropped then is dropped when Redis is back.
 * @param isCluster whether two keys may be on different servers
 */
export function redisAnswers(
  redis: AnswerCommands,
  guard: RedisGuard,
  isCluster: boolean,
): AnswerStore {
  // By tag, how long it is to be held off.
  let pending = new Map<string, number>()

  function readAll(keys: readonly string[]): Promise<(Buffer | null)[]> {
    // In a cluster each key is read by a command of its own, which goes to the server that has the key.
    return isCluster
      ? Promise.all(keys.map((key) => redis.getBuffer(key)))
      : redis.mgetBuffer(...keys)
  }

  async function find(name: string, tags: readonly string[], isAgain = false): Promise<Lookup> {
    const [bytes, ...found] = await readAll([name, ...tags.map(tagName)])
    const versions = await Promise.all(
      tags.map((tag, index) => found[index]?.toString() ?? newVersion(tag)),
    )
    if (versions.includes(held)) return nothing
    // Another request has made the first version. With that one, both can wait for the same answer.
    if (versions.includes(undefined)) return isAgain ? nothing : find(name, tags, true)
    // UUIDs contain no space, so different lists make different texts.
    const ticket = versions.join(' ')
    const entry = bytes && readEntry(bytes)
    return { kept: entry?.ticket === ticket ? entry.kept : undefined, ticket }
  }

  /** Gives a tag its first version; undefined if another request has just done so. */
  async function newVersion(tag: string): Promise<string | undefined> {
    const version = randomUUID()
    const answer = await redis.set(tagName(tag), version, 'PX', longestKeptMs, 'NX')
    return answer === 'OK' ? version : undefined
  }

  function drop(tag: string, holdOffMs: number): unknown {
    return guard.ask<unknown>({
      slotKey: tagName(tag),
      ask: () => redis.dropTag(tagName(tag), randomUUID(), longestKeptMs, holdOffMs),
      fallback: () => {
        if (pending.size >= maxPending) pending = new Map([[everything, 0]])
        pending.set(tag, Math.max(holdOffMs, pending.get(tag) ?? 0))
      },
    })
  }

  function ask(slotKey: string, command: () => Promise<unknown>): void {
    void guard.ask<unknown>({ slotKey, ask: command, fallback: () => undefined })
  }

  guard.onBack(() => {
    const due = pending
    pending = new Map()
    // These are sent before any lookup, and Redis carries commands out in order.
    for (const [tag, holdOffMs] of due) void drop(tag, holdOffMs)
  })

  return {
    find: (key, tags) => {
      const name = entryName(key)
      return guard.ask<Lookup>({
        slotKey: name,
        ask: () => find(name, tags),
        fallback: () => nothing,
      })
    },
    keep: (key, tags, ticket, kept, forMs) => {
      const name = entryName(key)
      ask(name, () => redis.set(name, writeEntry({ ticket, kept }), 'PX', forMs))
      // Without the versions of its tags the answer would not be found for as long as it is kept.
      for (const tag of tags.map(tagName)) ask(tag, () => redis.renewTag(tag, longestKeptMs))
    },
    drop: async (tags, holdOffMs) => {
      await Promise.all(tags.map((tag) => drop(tag, holdOffMs)))
    },
  }
}

const nothing: Lookup = { kept: undefined, ticket: undefined }

function tagName(tag: string): string {
  return `magegate:cache-tag:${tag}`
}

/** A digest, so that the name has a fixed length and reveals nothing about the request. */
function entryName(key: string): string {
  return `magegate:cache:${createHash('sha256').update(key).digest('base64url')}`
}
