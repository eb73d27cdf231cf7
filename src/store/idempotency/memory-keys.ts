import { addTo } from '../../contract/add-to.ts'
import { fillableBy } from '../../contract/fair-share.ts'
import type { KeptAnswer, TakeKey } from '../../contract/idempotency.ts'
import { ownBytes } from '../../contract/own-bytes.ts'

interface Entry {
  readonly owner: string
  readonly fingerprint: string
  readonly answer: KeptAnswer | undefined
  readonly untilMs: number
  readonly bytes: number
}

/** Bytes that an entry takes in addition to the body that it keeps. */
const entryBytes = 512

/** How often a full memory is searched for keys whose time is over. */
const sweepEveryMs = 1_000

/**
 * Keeps idempotency keys in this process. When memory is used up no new key is accepted, because forgetting an old one
 * would let its request be carried out twice. No integration can use it up for the others.
 * @param maxBytes how much memory they may take, roughly
 * @param clock milliseconds, never going back
 */
export function memoryKeys(maxBytes: number, clock: () => number): TakeKey {
  const entries = new Map<string, Entry>()
  const ownedBytes = new Map<string, number>()
  let bytes = 0
  let sweepAtMs = Number.NEGATIVE_INFINITY

  function set(name: string, entry: Entry): void {
    drop(name)
    entries.set(name, entry)
    charge(entry.owner, entry.bytes)
  }

  function drop(name: string): void {
    const entry = entries.get(name)
    if (entry === undefined) return
    charge(entry.owner, -entry.bytes)
    entries.delete(name)
  }

  function charge(owner: string, more: number): void {
    addTo(ownedBytes, owner, more)
    bytes += more
  }

  function isRoom(owner: string, more: number): boolean {
    return bytes + more <= fillableBy(ownedBytes.get(owner) ?? 0, maxBytes)
  }

  function dropEnded(nowMs: number): void {
    if (nowMs < sweepAtMs) return
    sweepAtMs = nowMs + sweepEveryMs
    for (const [name, { untilMs }] of entries) if (untilMs <= nowMs) drop(name)
  }

  return async (owner, key, fingerprint, ttlMs) => {
    const nowMs = clock()
    // A space separates them unambiguously: the name of an integration contains none.
    const name = `${owner} ${key}`
    const known = entries.get(name)
    if (known !== undefined && known.untilMs > nowMs) {
      const { answer } = known
      return answer === undefined
        ? { state: 'running', fingerprint: known.fingerprint }
        : { state: 'over', fingerprint: known.fingerprint, answer }
    }
    if (!isRoom(owner, entryBytes)) dropEnded(nowMs)
    if (!isRoom(owner, entryBytes)) return { state: 'unavailable' }
    const untilMs = nowMs + ttlMs
    set(name, { owner, fingerprint, answer: undefined, untilMs, bytes: entryBytes })
    return {
      state: 'fresh',
      finish: async (answer) => {
        const length = typeof answer === 'object' && 'body' in answer ? answer.body.length : 0
        const isKept = isRoom(owner, length)
        set(name, {
          owner,
          fingerprint,
          answer: isKept ? withOwnBody(answer) : 'not kept',
          untilMs: clock() + ttlMs,
          bytes: entryBytes + (isKept ? length : 0),
        })
      },
      release: async () => drop(name),
    }
  }
}

function withOwnBody(answer: KeptAnswer): KeptAnswer {
  if (typeof answer !== 'object' || !('body' in answer)) return answer
  return { ...answer, body: ownBytes(answer.body) }
}
