import type { DatabaseSync } from 'node:sqlite'
import type { AcceptedJob, Job, JobChange, JobItemResult, JobQuery } from '../job.ts'
import { bufferOf } from './crossing-bytes.ts'
import type { Row } from './rows.ts'

/** Operations on the states of jobs, each part of a transaction. */
export function jobOperations(db: DatabaseSync) {
  const insert = db.prepare(`
    INSERT INTO jobs (id, owner, state, accepted_at_ms, expires_at_ms, job)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`)
  const find = db.prepare('SELECT * FROM jobs WHERE id = ?')
  const update = db.prepare(`
    UPDATE jobs SET state = ?, expires_at_ms = ?, ended_at_ms = ?, job = ?, answer_body = ?
    WHERE id = ?`)
  const putResult = db.prepare(
    'INSERT OR REPLACE INTO results (job_id, item, result) VALUES (?, ?, ?)',
  )
  const resultsOf = db.prepare('SELECT result FROM results WHERE job_id = ? ORDER BY item')
  const removeResults = db.prepare('DELETE FROM results WHERE job_id = ?')
  const lists = {
    all: db.prepare('SELECT * FROM jobs ORDER BY accepted_at_ms DESC LIMIT ?'),
    state: db.prepare('SELECT * FROM jobs WHERE state = ? ORDER BY accepted_at_ms DESC LIMIT ?'),
    owner: db.prepare('SELECT * FROM jobs WHERE owner = ? ORDER BY accepted_at_ms DESC LIMIT ?'),
    both: db.prepare(`
      SELECT * FROM jobs WHERE owner = ? AND state = ? ORDER BY accepted_at_ms DESC LIMIT ?`),
  }
  // A job that is neither over nor in the queue was never accepted.
  const old = db.prepare(`
    SELECT id FROM jobs WHERE ended_at_ms < ?1
    UNION ALL SELECT id FROM jobs WHERE ended_at_ms IS NULL AND expires_at_ms < ?1
      AND NOT EXISTS (SELECT 1 FROM entries WHERE entries.queue = 'jobs' AND entries.id = jobs.id)
    LIMIT ?2`)
  const remove = db.prepare('DELETE FROM jobs WHERE id = ?')

  function jobOf(row: Row): Job {
    const job = JSON.parse(String(row.job)) as Job
    if (job.answer === undefined || row.answer_body === null) return job
    return { ...job, answer: { ...job.answer, body: bufferOf(row.answer_body as Uint8Array) } }
  }

  return {
    addJob(job: AcceptedJob): void {
      const { id, owner, acceptedAtMs, expiresAtMs } = job
      const text = JSON.stringify({ ...job, state: 'waiting', attempts: 0 })
      insert.run(id, owner, 'waiting', acceptedAtMs, expiresAtMs, text)
    },

    getJob(id: string): Job | undefined {
      const row = find.get(id) as Row | undefined
      return row && jobOf(row)
    },

    changeJob(id: string, change: JobChange): void {
      const row = find.get(id) as Row | undefined
      if (row === undefined) return
      const { answer, ...job } = { ...jobOf(row), ...change }
      const { body, ...head } = answer ?? {}
      const text = JSON.stringify(answer === undefined ? job : { ...job, answer: head })
      const { state, expiresAtMs, endedAtMs = null } = job
      update.run(state, expiresAtMs, endedAtMs, text, body ?? null, id)
    },

    putResults(id: string, from: number, results: readonly JobItemResult[]): void {
      for (const [index, result] of results.entries()) {
        putResult.run(id, from + index, JSON.stringify(result))
      }
    },

    results: (id: string): JobItemResult[] =>
      resultsOf.all(id).map(({ result }) => JSON.parse(String(result)) as JobItemResult),

    listJobs({ owner, state, limit }: JobQuery): Job[] {
      const rows =
        owner === undefined
          ? state === undefined
            ? lists.all.all(limit)
            : lists.state.all(state, limit)
          : state === undefined
            ? lists.owner.all(owner, limit)
            : lists.both.all(owner, state, limit)
      return rows.map(jobOf)
    },

    /** Removes jobs that were over before a time; a limited number, since other operations wait meanwhile. */
    forgetOld(beforeMs: number, limit: number): number {
      const ids = old.all(beforeMs, limit)
      for (const { id } of ids) {
        removeResults.run(String(id))
        remove.run(String(id))
      }
      return ids.length
    },
  }
}
