import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  type AnswerStore,
  everything,
  type Lookup,
  longestKeptMs,
} from '../../contract/answer-store.ts'
import type { RedisGuard } from '../redis-guard.ts'
import { readEntry, writeEntry } from './redis-entry.ts'

/** The script, under the name that it has as a command of the client. */
export const dropTagScript = {
  dropTag: { lua: readFileSync(new URL('drop-tag.lua', import.meta.url), 'utf8') },
}

/** A client of Redis with the script defined. */
export interface AnswerCommands {
  dropTag(
    keyCount: number,
    key: string,
    version: string,
    lifeMs: number,
    holdOffMs: number,
  ): Promise<number>
  getBuffer(key: string): Promise<Buffer | null>
  mgetBuffer(...keys: string[]): Promise<(Buffer | null)[]>
  set(key: string, value: Buffer | string, px: 'PX', forMs: number): Promise<unknown>
  set(key: string, value: string, px: 'PX', forMs: number, nx: 'NX'): Promise<unknown>
}

/** Answers in Redis. */
export interface RedisAnswers extends AnswerStore {
  /** Drops what could not be dropped while Redis was away; to be called when it is there again. */
  readonly settle: () => void
}

/** What a tag has in the place of a version while nothing is kept under it. */
const held = 'held'

/** Tags to be dropped once Redis is back; with more of them, everything is. */
const maxPending = 10_000

/**
 * Answers that all processes keep together. A tag has a version there, and an answer is kept with those
 * that its tags had when Magento was asked; it is found while they are the same. A version that Redis has
 * lost is never guessed: what was kept with it is lost too. While Redis is away nothing is found or kept.
 * @param isCluster whether two keys may lie on two servers
 */
export function redisAnswers(
  redis: AnswerCommands,
  guard: RedisGuard,
  isCluster: boolean,
): RedisAnswers {
  // From the tag to how long it is held off.
  let pending = new Map<string, number>()

  function readAll(keys: readonly string[]): Promise<(Buffer | null)[]> {
    // Each command goes to the server that has its key.
    return isCluster
      ? Promise.all(keys.map((key) => redis.getBuffer(key)))
      : redis.mgetBuffer(...keys)
  }

  async function find(name: string, tags: readonly string[]): Promise<Lookup> {
    const [bytes, ...found] = await readAll([name, ...tags.map(tagName)])
    const versions = await Promise.all(
      tags.map((tag, index) => found[index]?.toString() ?? newVersion(tag)),
    )
    if (versions.includes(held) || versions.includes(undefined)) return nothing
    // UUIDs, so no two lists of them make one text.
    const ticket = versions.join(' ')
    const entry = bytes && readEntry(bytes)
    return { kept: entry?.ticket === ticket ? entry.kept : undefined, ticket }
  }

  /** Undefined where another process has just given it one. */
  async function newVersion(tag: string): Promise<string | undefined> {
    const version = randomUUID()
    const answer = await redis.set(tagName(tag), version, 'PX', longestKeptMs, 'NX')
    return answer === 'OK' ? version : undefined
  }

  function drop(tag: string, holdOffMs: number): unknown {
    return guard.ask<unknown>({
      slotKey: tagName(tag),
      ask: () => redis.dropTag(1, tagName(tag), randomUUID(), longestKeptMs, holdOffMs),
      fallback: () => {
        if (pending.size >= maxPending) pending = new Map([[everything, 0]])
        pending.set(tag, Math.max(holdOffMs, pending.get(tag) ?? 0))
      },
    })
  }

  return {
    find: (key, tags) => {
      const name = entryName(key)
      return guard.ask<Lookup>({
        slotKey: name,
        ask: () => find(name, tags),
        fallback: () => nothing,
      })
    },
    keep: (key, ticket, kept, forMs) => {
      const name = entryName(key)
      void guard.ask<unknown>({
        slotKey: name,
        ask: () => redis.set(name, writeEntry({ ticket, kept }), 'PX', Math.ceil(forMs)),
        fallback: () => undefined,
      })
    },
    drop: async (tags, holdOffMs) => {
      await Promise.all(tags.map((tag) => drop(tag, holdOffMs)))
    },
    settle: () => {
      const due = pending
      pending = new Map()
      // Sent before anything is looked for again, and done in that order.
      for (const [tag, holdOffMs] of due) void drop(tag, holdOffMs)
    },
  }
}

const nothing: Lookup = { kept: undefined, ticket: undefined }

function tagName(tag: string): string {
  return `magegate:cache-tag:${tag}`
}

/** Of one length, whatever the request is, and it shows nothing of it. */
function entryName(key: string): string {
  return `magegate:cache:${createHash('sha256').update(key).digest('base64url')}`
}
