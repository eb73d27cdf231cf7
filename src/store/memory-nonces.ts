import { addTo } from '../contract/add-to.ts'
import { fillableBy } from '../contract/fair-share.ts'
import type { NonceResult, UseNonce } from '../policy.ts'

/** At how many nonces a full memory is looked for some that have expired, each time that there is no room. */
const lookedAt = 1_000

/**
 * Remembers a bounded number of nonces, each for as long as it could be used again. When the memory is full new ones
 * are refused, because forgetting one would let it be used twice. No integration can fill it for the others.
 * @param maxNonces how many are remembered at most
 * @param clock milliseconds, never going back
 */
export function memoryNonces(
  maxNonces: number,
  clock: () => number,
): (...nonce: Parameters<UseNonce>) => NonceResult {
  // By nonce, the time until which it is remembered.
  const until = new Map<string, number>()
  const owned = new Map<string, number>()
  // The nonces in the order in which they were used. The map has that order too, but finding its first entry takes time
  // for every entry that was deleted before it. Two lists take less memory than one of objects.
  let queue: string[] = []
  let owners: string[] = []
  let head = 0
  // Where to look for nonces that have expired before older ones.
  let next = 0

  /** Drops from the front: lives rarely differ by more than minutes, so the oldest nonces are about the first to expire. */
  function dropEnded(nowMs: number): void {
    while (head < queue.length && !isAlive(head, nowMs)) {
      forget(head)
      head += 1
    }
    if (head > 1_024 && head * 2 > queue.length) {
      queue = queue.slice(head)
      owners = owners.slice(head)
      next -= head
      head = 0
    }
  }

  /**
   * Drops some that have expired before older ones; the next call goes on from there. The last nonce takes the place of
   * each: behind one with a long life, the lists would otherwise grow for as long as that is remembered.
   */
  function lookFurther(nowMs: number): void {
    for (let count = 0; count < lookedAt && head < queue.length; count += 1) {
      if (next < head || next >= queue.length) next = head
      if (isAlive(next, nowMs)) next += 1
      else {
        forget(next)
        fillWithLast(next)
      }
    }
  }

  function fillWithLast(at: number): void {
    const nonce = queue.pop()
    const owner = owners.pop()
    if (at === queue.length) return
    queue[at] = nonce as string
    owners[at] = owner as string
  }

  function isAlive(at: number, nowMs: number): boolean {
    return (until.get(queue[at] as string) ?? 0) > nowMs
  }

  function forget(at: number): void {
    if (until.delete(queue[at] as string)) addTo(owned, owners[at] as string, -1)
  }

  function isFullFor(owner: string): boolean {
    return until.size >= fillableBy(owned.get(owner) ?? 0, maxNonces)
  }

  return (owner, value, ttlMs) => {
    // A space separates them unambiguously: the name of an integration contains none.
    const nonce = `${owner} ${value}`
    const nowMs = clock()
    dropEnded(nowMs)
    const known = until.get(nonce)
    if (known !== undefined && known > nowMs) return 'seen'
    if (isFullFor(owner)) lookFurther(nowMs)
    if (isFullFor(owner)) return 'full'
    if (!until.has(nonce)) addTo(owned, owner, 1)
    until.set(nonce, nowMs + ttlMs)
    queue.push(nonce)
    owners.push(owner)
    return 'fresh'
  }
}
