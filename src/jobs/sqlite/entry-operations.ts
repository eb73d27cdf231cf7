import type { DatabaseSync } from 'node:sqlite'
import type {
  DeadLetter,
  Delivery,
  Page,
  QueueDepth,
  QueueEntry,
  Settlement,
} from '../durable-queue.ts'
import type { JobChange } from '../job.ts'
import { bufferOf } from './crossing-bytes.ts'
import { numberOf, type Row, textOf } from './rows.ts'

/** A delivery as it is sent between threads. */
export type TakenEntry = Omit<Delivery, 'signal'>

/** The entries that were taken, and when to look again. */
export interface Taken {
  readonly entries: readonly TakenEntry[]
  /** When the next one is due, milliseconds since the epoch; undefined when none waits. */
  readonly nextAtMs: number | undefined
}

/** By how much the clock may be set back before retries do not wait for it, milliseconds. */
const shortMs = 60_000

/**
 * Operations on entries, each part of a transaction. Times are milliseconds since the epoch.
 * @param isGone whether the process of a holder has ended
 */
export function entryOperations(
  db: DatabaseSync,
  isGone: (holder: string) => boolean,
  changeJob: (id: string, change: JobChange) => void,
) {
  const insert = db.prepare(`
    INSERT INTO entries (queue, id, owner, order_key, state, put_at_ms, not_before_ms, expires_at_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (queue, id) DO NOTHING`)
  const insertPayload = db.prepare('INSERT OR REPLACE INTO payloads (seq, payload) VALUES (?, ?)')
  const payloadOf = db.prepare('SELECT payload FROM payloads WHERE seq = ?')
  const remove = db.prepare('DELETE FROM entries WHERE seq = ?')
  const removePayload = db.prepare('DELETE FROM payloads WHERE seq = ?')
  const find = db.prepare('SELECT * FROM entries WHERE queue = ? AND id = ?')
  const inOrder = db.prepare(`
    SELECT seq, state FROM entries
    WHERE queue = ? AND order_key = ? AND state <> 'dead' ORDER BY seq LIMIT 1`)
  const endWaits = db.prepare(`
    UPDATE entries SET not_before_ms = ?1
    WHERE queue = ?2 AND state <> 'dead' AND not_before_ms > ?1 AND (attempts = 0 OR ?3)`)
  const setState = db.prepare('UPDATE entries SET state = ? WHERE seq = ?')
  const nextOwner = db.prepare(`
    SELECT MIN(owner) AS owner FROM entries WHERE queue = ? AND state = 'waiting' AND owner > ?`)
  const firstOf = db.prepare(`
    SELECT * FROM entries WHERE queue = ? AND state = 'waiting' AND owner = ?
    ORDER BY not_before_ms, seq LIMIT 1`)
  const begin = db.prepare(`
    UPDATE entries SET state = 'running', holder = ?, attempts = attempts + 1 WHERE seq = ?`)
  const retry = db.prepare(`
    UPDATE entries SET state = 'waiting', holder = NULL, not_before_ms = ?, reason = ?,
      is_untouched = is_untouched AND ? WHERE seq = ?`)
  const bury = db.prepare(`
    UPDATE entries SET state = 'dead', holder = NULL, died_at_ms = ?, reason = ? WHERE seq = ?`)
  const dead = db.prepare(`
    SELECT * FROM entries WHERE queue = ? AND state = 'dead' AND (died_at_ms, seq) > (?, ?)
    ORDER BY died_at_ms, seq LIMIT ?`)
  const oldDead = db.prepare(`
    SELECT * FROM entries WHERE queue = ? AND state = 'dead' AND died_at_ms < ?
    ORDER BY died_at_ms LIMIT ?`)
  const holders = db.prepare(`
    SELECT DISTINCT holder FROM entries WHERE state = 'running' AND holder <> ?`)
  const giveBack = db.prepare(`
    UPDATE entries SET state = 'waiting', holder = NULL, is_interrupted = 1, is_untouched = 0
    WHERE state = 'running' AND holder = ?`)
  const count = db.prepare(`
    SELECT state, owner, COUNT(*) AS count FROM entries WHERE queue = ? GROUP BY state, owner`)
  const oldest = db.prepare(`
    SELECT MIN(put_at_ms) AS at FROM entries WHERE queue = ? AND state <> 'dead'`)
  const newest = db.prepare(`
    SELECT MAX(put_at_ms) AS at FROM entries WHERE queue = ? AND state <> 'dead'`)
  // The owner that had the last turn, by queue.
  const turns = new Map<string, string>()
  // The time of the last look, by queue.
  const looks = new Map<string, number>()

  function put(queue: string, entry: QueueEntry, nowMs: number): void {
    const { id, owner, orderKey = null, payload, expiresAtMs } = entry
    const isHeldUp = orderKey !== null && inOrder.get(queue, orderKey) !== undefined
    const state = isHeldUp ? 'blocked' : 'waiting'
    const values = [queue, id, owner, orderKey, state, nowMs, nowMs, expiresAtMs] as const
    const { changes, lastInsertRowid } = insert.run(...values)
    if (changes === 1) insertPayload.run(lastInsertRowid, payload)
  }

  /**
   * Lets entries go at once that were put, or failed, before the clock was set back. Otherwise they would wait until it
   * has caught up. Retries wait for that while it is short.
   */
  function endVainWaits(queue: string, nowMs: number): void {
    // At the first look, only the entries tell what the clock was before.
    const before = looks.get(queue) ?? Number(newest.get(queue)?.at)
    looks.set(queue, nowMs)
    if (nowMs < before) endWaits.run(nowMs, queue, Number(nowMs < before - shortMs))
  }

  /** Lets the next entry with an order key go, after the one before it has gone. */
  function unblock(queue: string, orderKey: string | undefined): void {
    if (orderKey === undefined) return
    const next = inOrder.get(queue, orderKey)
    if (next?.state === 'blocked') setState.run('waiting', Number(next.seq))
  }

  function forget(row: Row): void {
    remove.run(Number(row.seq))
    removePayload.run(Number(row.seq))
    unblock(String(row.queue), textOf(row.order_key))
  }

  function entryOf(row: Row) {
    return {
      id: String(row.id),
      owner: String(row.owner),
      orderKey: textOf(row.order_key),
      payload: bufferOf(payloadOf.get(Number(row.seq))?.payload as Uint8Array),
      expiresAtMs: Number(row.expires_at_ms),
      attempts: Number(row.attempts),
    }
  }

  return {
    put,

    /** Begins entries that are due; the owners take turns. */
    take(queue: string, holder: string, nowMs: number, limit: number): Taken {
      endVainWaits(queue, nowMs)
      const entries: TakenEntry[] = []
      let nextAtMs: number | undefined
      let owner = turns.get(queue) ?? ''
      let firstWithout: string | undefined
      while (entries.length < limit) {
        const found = textOf(nextOwner.get(queue, owner)?.owner)
        // After the last owner comes the first one; no name is empty.
        owner = found ?? textOf(nextOwner.get(queue, '')?.owner) ?? ''
        if (owner === '' || owner === firstWithout) break
        const row = firstOf.get(queue, owner) as Row
        const dueAtMs = Number(row.not_before_ms)
        if (dueAtMs > nowMs) {
          nextAtMs = Math.min(nextAtMs ?? dueAtMs, dueAtMs)
          firstWithout ??= owner
          continue
        }
        firstWithout = undefined
        begin.run(holder, Number(row.seq))
        turns.set(queue, owner)
        entries.push({
          ...entryOf(row),
          attempts: Number(row.attempts) + 1,
          isInterrupted: row.is_interrupted === 1,
        })
      }
      return { entries, nextAtMs }
    },

    /** Settles an entry that this holder has begun. One that was given back in the meantime is left alone. */
    settle(queue: string, holder: string, id: string, settlement: Settlement, nowMs: number): void {
      const row = find.get(queue, id) as Row | undefined
      if (row?.holder !== holder) return
      const seq = Number(row.seq)
      if (settlement.state === 'done') forget(row)
      else if (settlement.state === 'dead') {
        bury.run(nowMs, settlement.reason, seq)
        unblock(queue, textOf(row.order_key))
      } else {
        const { atMs, reason, isUntouched, payload } = settlement
        retry.run(atMs, reason, Number(isUntouched), seq)
        if (payload !== undefined) insertPayload.run(seq, payload)
      }
    },

    cancel(queue: string, id: string): 'cancelled' | 'begun' | 'absent' {
      const row = find.get(queue, id) as Row | undefined
      if (row === undefined) return 'absent'
      if (row.state === 'running' || row.state === 'dead' || row.is_untouched !== 1) return 'begun'
      forget(row)
      return 'cancelled'
    },

    listDead(queue: string, { limit, after }: Page): DeadLetter[] {
      const from = after === undefined ? undefined : find.get(queue, after)
      const rows = dead.all(queue, Number(from?.died_at_ms ?? 0), Number(from?.seq ?? 0), limit)
      return rows.map((row) => ({
        ...entryOf(row),
        diedAtMs: Number(row.died_at_ms),
        reason: String(row.reason),
      }))
    },

    putBack(
      queue: string,
      id: string,
      expiresAtMs: number,
      nowMs: number,
      shown?: JobChange,
    ): boolean {
      const row = find.get(queue, id) as Row | undefined
      if (row?.state !== 'dead') return false
      const { owner, orderKey, payload } = entryOf(row)
      forget(row)
      put(queue, { id, owner, orderKey, payload, expiresAtMs }, nowMs)
      if (shown !== undefined) changeJob(id, shown)
      return true
    },

    discard(queue: string, id: string): boolean {
      const row = find.get(queue, id) as Row | undefined
      if (row?.state !== 'dead') return false
      forget(row)
      return true
    },

    /** Removes dead letters that died before a time; a limited number, since other operations wait meanwhile. */
    forgetDead(queue: string, beforeMs: number, limit: number): number {
      const rows = oldDead.all(queue, beforeMs, limit)
      for (const row of rows) forget(row)
      return rows.length
    },

    depth(queue: string): QueueDepth {
      const counts = new Map<string, number>()
      const waitingOf = new Map<string, number>()
      for (const { state, owner, count: each } of count.all(queue)) {
        counts.set(String(state), (counts.get(String(state)) ?? 0) + Number(each))
        if (state !== 'waiting' && state !== 'blocked') continue
        waitingOf.set(String(owner), (waitingOf.get(String(owner)) ?? 0) + Number(each))
      }
      const of = (state: string) => counts.get(state) ?? 0
      return {
        waiting: of('waiting') + of('blocked'),
        waitingOf,
        running: of('running'),
        dead: of('dead'),
        oldestPutAtMs: numberOf(oldest.get(queue)?.at),
      }
    },

    /** Gives back what a holder has begun and not settled, to be delivered as interrupted. */
    giveBack: (holder: string): number => Number(giveBack.run(holder).changes),

    /** The same for all other holders whose processes are gone. */
    recover(holder: string): number {
      let recovered = 0
      for (const { holder: other } of holders.all(holder)) {
        if (isGone(String(other))) recovered += Number(giveBack.run(String(other)).changes)
      }
      return recovered
    },
  }
}
