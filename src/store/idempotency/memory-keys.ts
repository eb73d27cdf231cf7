import type { IdempotencyStore, KeptAnswer } from '../../contract/idempotency.ts'

interface Entry {
  readonly fingerprint: string
  readonly answer: KeptAnswer | undefined
  readonly untilMs: number
  readonly bytes: number
}

/** No key is lost while its request runs, so nothing has to tell requests apart. */
const holder = ''

/** Bytes that an entry takes in addition to the body that it keeps. */
const entryBytes = 512

/**
 * Keeps idempotency keys in this process. When memory is used up no new key is accepted, because forgetting an old one
 * would let its request be carried out twice.
 * @param maxBytes how much memory they may take, roughly
 * @param clock milliseconds, never going back
 */
export function memoryKeys(maxBytes: number, clock: () => number): IdempotencyStore {
  const entries = new Map<string, Entry>()
  let bytes = 0

  function set(key: string, entry: Entry): void {
    drop(key)
    entries.set(key, entry)
    bytes += entry.bytes
  }

  function drop(key: string): void {
    bytes -= entries.get(key)?.bytes ?? 0
    entries.delete(key)
  }

  function dropEnded(): void {
    const nowMs = clock()
    for (const [key, { untilMs }] of entries) if (untilMs <= nowMs) drop(key)
  }

  return {
    begin: async (key, fingerprint, ttlMs) => {
      const nowMs = clock()
      const known = entries.get(key)
      if (known !== undefined && known.untilMs > nowMs) {
        const { answer } = known
        return answer === undefined
          ? { state: 'running', fingerprint: known.fingerprint }
          : { state: 'over', fingerprint: known.fingerprint, answer }
      }
      if (bytes + entryBytes > maxBytes) dropEnded()
      if (bytes + entryBytes > maxBytes) return { state: 'unavailable' }
      set(key, { fingerprint, answer: undefined, untilMs: nowMs + ttlMs, bytes: entryBytes })
      return { state: 'fresh', holder }
    },
    finish: async (key, _holder, fingerprint, answer, ttlMs) => {
      const length = typeof answer === 'object' && 'body' in answer ? answer.body.length : 0
      const isRoom = bytes + length <= maxBytes
      set(key, {
        fingerprint,
        answer: isRoom ? answer : 'not kept',
        untilMs: clock() + ttlMs,
        bytes: entryBytes + (isRoom ? length : 0),
      })
    },
    release: async (key) => drop(key),
  }
}
