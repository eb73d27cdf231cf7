import assert from 'node:assert/strict'
import { mkdir, readdir, rename, rm, rmdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { before, describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { BackendError, type JobBackend } from '../../../src/jobs/job-backend.ts'
import { forgetOld } from '../../../src/jobs/sqlite/forget-old.ts'
import { openJobFileThread } from '../../../src/jobs/sqlite/job-file.ts'
import { openJobFile } from '../../../src/jobs/sqlite/open-file.ts'
import { openFileBackend } from '../../../src/jobs/sqlite/open-file-backend.ts'
import { acceptedJob } from '../../support/accepted-job.ts'
import { temporaryFolder } from '../../support/shared.ts'
import { deliveriesOf, entryOf } from '../deliveries.ts'
import { type BackendUnderTest, describeQueue } from '../queue-contract.ts'
import { describeStore } from '../store-contract.ts'

const hourMs = 3_600_000

/** Faults that are not those of a handler under test. */
function failing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ECODE') throw error
}

/** Lets a file refuse a change until the trigger is dropped. */
function refuse(file: string, change: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 10_000 })
  db.exec(`CREATE TRIGGER refuse BEFORE ${change} BEGIN SELECT RAISE(FAIL, 'no'); END`)
  return db
}

async function inFile(): Promise<BackendUnderTest> {
  const folder = await temporaryFolder()
  const file = join(folder, 'jobs.sqlite')
  return {
    open: (keepDeadMs = hourMs) => openFileBackend({ file, keepMs: hourMs, keepDeadMs }, failing),
    clear: () => rm(file),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

describeQueue('a file', inFile)
describeStore('a file', inFile)

describe('the file of jobs', () => {
  let folder: string
  let file: string
  before(async () => {
    folder = await temporaryFolder()
    file = join(folder, 'new', 'jobs.sqlite')
  })

  const open = (keepMs = hourMs) => openFileBackend({ file, keepMs, keepDeadMs: hourMs }, failing)
  async function close(backend: JobBackend): Promise<void> {
    await backend.jobs.close(0)
    await backend.callbacks.close(0)
    await backend.close()
  }

  test('is a file, even by a name that to SQLite is no path', async () => {
    const named = `file:x/../${relative(process.cwd(), folder)}/named.sqlite?mode=memory`
    const backend = await openFileBackend(
      { file: named, keepMs: hourMs, keepDeadMs: hourMs },
      failing,
    )
    await backend.jobs.put(entryOf('kept'))
    await close(backend)
    const found = new DatabaseSync(join(folder, 'named.sqlite?mode=memory'), {
      readOnly: true,
    })
    assert.equal(found.prepare('SELECT id FROM entries').get()?.id, 'kept')
    found.close()
  })

  test('can be read by its user only, and leaves nothing beside it when it is closed', async () => {
    const backend = await open()
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    await close(backend)
    assert.deepEqual(await readdir(join(folder, 'new')), ['jobs.sqlite'])
  })

  test('has what is committed on the disk, which a loss of power does not take', () => {
    const db = openJobFile(join(folder, 'synced.sqlite'))
    const settings = ['journal_mode', 'synchronous'].map((name) =>
      db.prepare(`PRAGMA ${name}`).get(),
    )
    db.close()
    // 2 is FULL: with less, SQLite syncs only when it empties the -wal.
    assert.deepEqual(
      settings.map((row) => Object.values(row ?? {})),
      [['wal'], [2]],
    )
  })

  test('is closed also where its thread fails in that, which it tells', async () => {
    const told: unknown[] = []
    const jobFile = await openJobFileThread(file, (error) =>
      told.push((error as NodeJS.ErrnoException).code),
    )
    const holder = `${file}.holder-${jobFile.holder}`
    // A folder that became read-only would not let it remove its file either, but root may.
    await rm(holder)
    await mkdir(holder)
    await jobFile.close()
    assert.deepEqual(told, ['ERR_FS_EISDIR'])
    await rmdir(holder)
  })

  test('does whatever it was asked for before it is closed', async () => {
    const jobFile = await openJobFileThread(join(folder, 'closed.sqlite'), failing)
    const [put] = await Promise.all([
      jobFile.run('put', 'jobs', entryOf('last'), 1).then(() => jobFile.isLost()),
      jobFile.close(),
    ])
    assert.equal(put, false)
  })

  test('says why it cannot be used, in the words of SQLite', async () => {
    const backend = await open()
    const other = refuse(file, 'INSERT ON entries')
    await assert.rejects(backend.jobs.put(entryOf('refused')), {
      code: 'SQLITE_1811',
      message: 'the file of jobs could not be used: constraint failed',
    })
    other.exec('DROP TRIGGER refuse')
    other.close()
    await close(backend)
  })

  test('refuses what it cannot do, and not what came with it', async () => {
    const refusing = join(folder, 'refusing.sqlite')
    const jobFile = await openJobFileThread(refusing, failing)
    refuse(refusing, "INSERT ON entries WHEN NEW.id = 'bad'").close()
    const puts = ['1', 'bad', '2'].map((id) => jobFile.run('put', 'jobs', entryOf(id), 1))
    const outcomes = await Promise.allSettled(puts)
    const { waiting } = await jobFile.run('depth', 'jobs')
    await jobFile.close()
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    assert.equal(waiting, 2)
  })

  test('is not said to be unusable where its thread meets a defect, which is told in full', async (t) => {
    const defective = join(folder, 'defective.sqlite')
    const jobFile = await openJobFileThread(defective, failing)
    t.after(jobFile.close)
    const defect = jobFile.run('put', 'jobs', null as never, 1)
    const put = jobFile.run('put', 'jobs', entryOf('beside'), 1)
    await assert.rejects(defect, (error: Error) => {
      assert.ok(error instanceof TypeError)
      return /entry-operations\.ts/.test(String(error.stack))
    })
    await put
    const ofNode = jobFile.run('getJob', ['a list'] as never)
    await assert.rejects(ofNode, (error) => !(error instanceof BackendError))
  })

  for (const [what, ending] of [
    ['it', ''],
    ['its -wal', '-wal'],
    ['its -shm', '-shm'],
    ['the -wal of what it is a link to', '-wal'],
  ] as const) {
    test(`takes no more jobs once ${what} is deleted, but still the call-backs of those that it has`, async () => {
      const deleted = join(folder, `${what}.sqlite`)
      const path = what.endsWith('link to') ? join(folder, 'link.sqlite') : deleted
      if (path !== deleted) await symlink(deleted, path)
      const jobFile = await openJobFileThread(path, failing)
      await jobFile.run('put', 'jobs', entryOf('before'), 1)
      await rm(`${deleted}${ending}`)
      const job = jobFile.run('put', 'jobs', entryOf('job'), 1)
      const callback = jobFile.run('put', 'callbacks', entryOf('callback'), 1)
      await assert.rejects(job, { code: 'EMOVED' })
      await callback
      const { waiting } = await jobFile.run('depth', 'callbacks')
      await jobFile.close()
      assert.equal(waiting, 1)
    })
  }

  test('is closed also where its thread ends meanwhile, and what that had begun is refused', async () => {
    const started: Worker[] = []
    const note = (worker: Worker) => void started.push(worker)
    process.on('worker', note)
    const jobFile = await openJobFileThread(file, failing)
    process.off('worker', note)
    const asked = jobFile.run('depth', 'jobs')
    const closed = jobFile.close()
    void started[0]?.terminate()
    await assert.rejects(asked, { code: 'EXITED' })
    await closed
    assert.equal(jobFile.isLost(), false)
  })

  for (const [what, change] of [
    ['begun', "UPDATE ON entries WHEN NEW.state = 'running'"],
    ['settled', 'DELETE ON entries'],
  ] as const) {
    test(`is tried again when an entry could not be ${what}`, async (t) => {
      const refusing = join(folder, `not-${what}.sqlite`)
      const told: unknown[] = []
      const backend = await openFileBackend(
        { file: refusing, keepMs: hourMs, keepDeadMs: hourMs },
        (error) => {
          told.push((error as NodeJS.ErrnoException).code)
          other.exec('DROP TRIGGER refuse')
        },
      )
      const other = refuse(refusing, change)
      t.after(async () => {
        other.close()
        await close(backend)
      })
      await backend.jobs.put(entryOf('again'))
      const { settle } = await deliveriesOf(backend.jobs).next()
      settle({ state: 'done' })
      await backend.jobs.close(hourMs)
      const { waiting, running } = await backend.jobs.depth()
      assert.deepEqual(told, ['SQLITE_1811'])
      assert.deepEqual([waiting, running], [0, 0])
    })
  }

  test('delivers nothing that it was about to deliver when it was closed, and lets it be cancelled', async () => {
    const backend = await openFileBackend(
      { file: join(folder, 'late.sqlite'), keepMs: hourMs, keepDeadMs: hourMs },
      failing,
    )
    const put = backend.jobs.put(entryOf('late'))
    const deliveries = deliveriesOf(backend.jobs)
    await backend.jobs.close(0)
    await put
    const cancelled = await backend.jobs.cancel('late')
    await close(backend)
    assert.deepEqual([deliveries.count(), cancelled], [0, 'cancelled'])
  })

  test('counts nothing as interrupted that it was about to deliver when it was closed', async () => {
    const about = join(folder, 'about.sqlite')
    const keeping = { file: about, keepMs: hourMs, keepDeadMs: hourMs }
    const first = await openFileBackend(keeping, failing)
    const put = first.jobs.put(entryOf('about'))
    deliveriesOf(first.jobs)
    await close(first)
    await put
    const second = await openFileBackend(keeping, failing)
    const { delivery, settle } = await deliveriesOf(second.jobs).next()
    settle({ state: 'done' })
    await close(second)
    assert.equal(delivery.isInterrupted, false)
  })

  test('delivers what is put, put back or next in turn at once, not when it looks at the file again', async (t) => {
    const prompt = join(folder, 'prompt.sqlite')
    const backend = await openFileBackend(
      { file: prompt, keepMs: hourMs, keepDeadMs: hourMs },
      failing,
    )
    t.after(async () => {
      t.mock.timers.reset()
      await close(backend)
    })
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const deliveries = deliveriesOf(backend.jobs, 2)
    await Promise.all(['1', '2', '3'].map((id) => backend.jobs.put(entryOf(id))))
    for (let count = 0; count < 3; count += 1) {
      const { settle } = await deliveries.next()
      settle({ state: 'dead', reason: '' })
    }
    while ((await backend.jobs.depth()).running > 0);
    assert.equal(await backend.jobs.putBack('1', Date.now() + hourMs), true)
    const { delivery, settle } = await deliveries.next()
    settle({ state: 'done' })
    assert.equal(delivery.id, '1')
  })

  test('takes an id that is there already for the same entry, and leaves others as they are', async () => {
    const backend = await open()
    await backend.jobs.put(entryOf('once'))
    await backend.jobs.put(entryOf('other'))
    await backend.jobs.put(entryOf('once', { payload: Buffer.from('late') }))
    assert.equal((await backend.jobs.depth()).waiting, 2)
    assert.equal(await backend.jobs.cancel('once'), 'cancelled')
    const { delivery, settle } = await deliveriesOf(backend.jobs).next()
    assert.equal(delivery.payload.toString(), 'payload of other')
    settle({ state: 'done' })
    await close(backend)
    const db = new DatabaseSync(file)
    const left = db.prepare('SELECT * FROM payloads WHERE seq NOT IN (SELECT seq FROM entries)')
    assert.deepEqual(left.all(), [])
    db.close()
  })

  test('waits at its end for an entry that was delivered again in the moment in which it was settled', async () => {
    const backend = await open()
    const deliveries = deliveriesOf(backend.jobs, 2)
    await backend.jobs.put(entryOf('again'))
    const first = await deliveries.next()
    first.settle({ state: 'retry', atMs: 0, reason: '', isUntouched: true })
    // Still in this turn, so that it is settled and taken again in one transaction.
    await new Promise<void>((resolve) => process.nextTick(resolve))
    await backend.jobs.put(entryOf('other'))
    const second = [await deliveries.next(), await deliveries.next()]
    assert.deepEqual(second.map(({ delivery }) => delivery.id).sort(), ['again', 'other'])
    let isClosed = false
    const closed = backend.jobs.close(hourMs).then(() => {
      isClosed = true
    })
    for (const { delivery, settle } of second)
      if (delivery.id === 'other') settle({ state: 'done' })
    while ((await backend.jobs.depth()).running > 1);
    assert.equal(isClosed, false)
    const wereTold = second.map(({ delivery }) => delivery.signal.aborted)
    for (const { settle } of second) settle({ state: 'done' })
    await closed
    assert.equal((await backend.jobs.depth()).running, 0)
    await close(backend)
    assert.deepEqual(wereTold, [false, false])
  })

  test('serves two processes at once: each entry goes to one of them, in order', async () => {
    const [one, other] = [await open(), await open()]
    const delivered: string[] = []
    const both = [deliveriesOf(one.jobs), deliveriesOf(other.jobs)]
    const take = async (deliveries: (typeof both)[number]) => {
      for (;;) {
        const { delivery, settle } = await deliveries.next()
        delivered.push(delivery.id)
        assert.equal(delivery.attempts, 1)
        settle({ state: 'done' })
      }
    }
    for (const deliveries of both) void take(deliveries)
    const ids = Array.from({ length: 40 }, (_, index) => `entry-${index}`)
    for (const id of ids) await one.jobs.put(entryOf(id, { orderKey: '["one"]' }))
    for (;;) {
      const { waiting, running } = await one.jobs.depth()
      if (waiting + running === 0) break
    }
    assert.deepEqual(delivered, ids)
    await close(one)
    await close(other)
  })

  test('does not take what another process has under way, as long as that one lives', async () => {
    const [one, other] = [await open(), await open()]
    await one.jobs.put(entryOf('mine'))
    const { settle } = await deliveriesOf(one.jobs).next()
    const third = await open()
    assert.equal((await third.jobs.depth()).running, 1)
    settle({ state: 'done' })
    while ((await other.jobs.depth()).running > 0);
    for (const each of [one, other, third]) await close(each)
  })

  test('takes nothing from processes of which it cannot tell whether they are gone', async () => {
    const untold = join(folder, 'untold.sqlite')
    const jobFile = await openJobFileThread(untold, failing)
    for (const holder of ['unopened', 'unlocked', 'unreachable', 'gone']) {
      await jobFile.run('put', 'jobs', entryOf(holder), 1)
      await jobFile.run('take', 'jobs', holder, 1, 1)
    }
    await mkdir(`${untold}.holder-unopened`)
    await writeFile(`${untold}.holder-unlocked`, 'no database')
    await symlink(`${untold}.holder-unreachable`, `${untold}.holder-unreachable`)
    const recovered = await jobFile.run('recover', jobFile.holder)
    const { running, waiting } = await jobFile.run('depth', 'jobs')
    await jobFile.close()
    assert.deepEqual([recovered, running, waiting], [1, 3, 1])
  })

  test('takes nothing from a process that lives where the folder of both is moved', async () => {
    const before = join(folder, 'before')
    const path = join(before, 'jobs.sqlite')
    const [one, other] = [
      await openJobFileThread(path, failing),
      await openJobFileThread(path, failing),
    ]
    await one.run('put', 'jobs', entryOf('mine'), 1)
    await one.run('take', 'jobs', one.holder, 1, 1)
    await rename(before, join(folder, 'after'))
    const recovered = await other.run('recover', other.holder)
    await one.close()
    await other.close()
    assert.equal(recovered, 0)
  })

  test('gives all that is due, whoever waits besides, and when more will be', async () => {
    const jobFile = await openJobFileThread(join(folder, 'due.sqlite'), failing)
    const put = (id: string, owner: string, dueAtMs: number) =>
      jobFile.run('put', 'jobs', entryOf(id, { owner }), dueAtMs)
    await jobFile.run('take', 'jobs', jobFile.holder, 1, 1)
    await Promise.all([put('soon', 'c', 5), put('late', 'a', 9)])
    await Promise.all(['1', '2', '3'].map((id) => put(id, 'b', 1)))
    const { entries, nextAtMs } = await jobFile.run('take', 'jobs', jobFile.holder, 1, 9)
    await jobFile.close()
    assert.deepEqual(
      entries.map(({ id }) => id),
      ['1', '2', '3'],
    )
    assert.equal(nextAtMs, 5)
  })

  test('gives what was put before the clock was set back at once, and what failed before if it was set back far', async () => {
    const file = join(folder, 'set-back.sqlite')
    const jobFile = await openJobFileThread(file, failing)
    const { holder, run } = jobFile
    const takenAt = async (nowMs: number, from = jobFile) => {
      const { entries } = await from.run('take', 'jobs', from.holder, nowMs, 9)
      return entries.map(({ id }) => id)
    }
    const hourMs = 3_600_000
    const failed = { state: 'retry', atMs: 2 * hourMs, reason: '', isUntouched: true } as const
    await run('put', 'jobs', entryOf('failed'), hourMs)
    assert.deepEqual(await takenAt(hourMs), ['failed'])
    await run('settle', 'jobs', holder, 'failed', failed, hourMs)
    await run('put', 'jobs', entryOf('first', { orderKey: 'a' }), hourMs)
    await run('put', 'jobs', entryOf('second', { orderKey: 'a' }), hourMs)
    assert.deepEqual(await takenAt(hourMs - 1_000), ['first'])
    await run('settle', 'jobs', holder, 'first', { state: 'done' }, hourMs)
    assert.deepEqual(await takenAt(hourMs - 1_000), ['second'])
    assert.deepEqual(await takenAt(1_000), ['failed'])
    await run('put', 'jobs', entryOf('tried'), hourMs)
    assert.deepEqual(await takenAt(hourMs), ['tried'])
    await run('settle', 'jobs', holder, 'tried', failed, hourMs)
    await run('put', 'jobs', entryOf('last'), hourMs)
    await jobFile.close()
    // As by a gateway that was stopped while the clock was set back.
    const next = await openJobFileThread(file, failing)
    assert.deepEqual(await takenAt(1_000, next), ['tried', 'last'])
    await next.close()
  })

  test('is opened where what a process that is gone had begun cannot be given back, which is tried again', async () => {
    const left = join(folder, 'left.sqlite')
    const jobFile = await openJobFileThread(left, failing)
    await jobFile.run('put', 'jobs', entryOf('begun'), 1)
    await jobFile.run('take', 'jobs', 'gone', 1, 1)
    await jobFile.close()
    const other = refuse(left, 'UPDATE ON entries')
    const told: unknown[] = []
    const backend = await openFileBackend(
      { file: left, keepMs: hourMs, keepDeadMs: hourMs },
      (error) => {
        told.push((error as NodeJS.ErrnoException).code)
        other.exec('DROP TRIGGER refuse')
      },
    )
    const { delivery, settle } = await deliveriesOf(backend.jobs).next()
    settle({ state: 'done' })
    await close(backend)
    other.close()
    assert.deepEqual(told, ['SQLITE_1811'])
    assert.equal(delivery.isInterrupted, true)
  })

  test('settles in closing what could not be settled before', async () => {
    const late = join(folder, 'late.sqlite')
    const refused = Promise.withResolvers<void>()
    const backend = await openFileBackend({ file: late, keepMs: hourMs, keepDeadMs: hourMs }, () =>
      refused.resolve(),
    )
    await backend.jobs.put(entryOf('done'))
    const { settle } = await deliveriesOf(backend.jobs).next()
    const other = refuse(late, 'DELETE ON entries')
    settle({ state: 'done' })
    await refused.promise
    other.exec('DROP TRIGGER refuse')
    await close(backend)
    assert.deepEqual(other.prepare('SELECT id FROM entries').all(), [])
    other.close()
  })

  test('lists dead letters as they died, page by page, also those that died at the same time', async () => {
    const jobFile = await openJobFileThread(join(folder, 'dead.sqlite'), failing)
    const { holder } = jobFile
    for (const id of ['a', 'b', 'c']) await jobFile.run('put', 'jobs', entryOf(id), 1)
    await jobFile.run('take', 'jobs', holder, 1, 3)
    for (const [id, diedAtMs] of Object.entries({ c: 1, a: 2, b: 2 })) {
      await jobFile.run('settle', 'jobs', holder, id, { state: 'dead', reason: '' }, diedAtMs)
    }
    const listed: string[] = []
    for (;;) {
      const [letter] = await jobFile.run('listDead', 'jobs', { limit: 1, after: listed.at(-1) })
      if (letter === undefined) break
      listed.push(letter.id)
    }
    await jobFile.close()
    assert.deepEqual(listed, ['c', 'a', 'b'])
  })

  test('says how much of each owner waits, also behind others, and counts nothing else as that', async () => {
    const jobFile = await openJobFileThread(join(folder, 'owners.sqlite'), failing)
    const { holder } = jobFile
    const inOrder = { orderKey: '["k"]' }
    await jobFile.run('put', 'jobs', entryOf('dead'), 1)
    for (const id of ['runs', 'behind']) await jobFile.run('put', 'jobs', entryOf(id, inOrder), 1)
    await jobFile.run('take', 'jobs', holder, 1, 9)
    await jobFile.run('put', 'jobs', entryOf('other', { owner: 'globex-pim' }), 1)
    await jobFile.run('settle', 'jobs', holder, 'dead', { state: 'dead', reason: '' }, 1)
    const { waitingOf } = await jobFile.run('depth', 'jobs')
    await jobFile.close()
    assert.deepEqual(Object.fromEntries(waitingOf ?? []), { 'acme-erp': 1, 'globex-pim': 1 })
  })

  test('leaves an entry alone that another process has begun since it was given back', async () => {
    const jobFile = await openJobFileThread(join(folder, 'given-back.sqlite'), failing)
    await jobFile.run('put', 'jobs', entryOf('mine'), 1)
    await jobFile.run('take', 'jobs', 'one', Date.now(), 1)
    await jobFile.run('giveBack', 'one')
    await jobFile.run('settle', 'jobs', 'one', 'mine', { state: 'done' }, 1)
    await jobFile.run('take', 'jobs', 'other', Date.now(), 1)
    await jobFile.run('settle', 'jobs', 'one', 'mine', { state: 'done' }, 1)
    const { running } = await jobFile.run('depth', 'jobs')
    await jobFile.run('settle', 'jobs', 'other', 'mine', { state: 'done' }, 1)
    const after = await jobFile.run('depth', 'jobs')
    await jobFile.close()
    assert.deepEqual([running, after.running, after.waiting], [1, 0, 0])
  })

  test('is rid of what processes that are gone have left beside it when it is opened, and of nothing else', async () => {
    const closing: JobBackend[] = []
    const openAnother = async () => void closing.push(await open())
    await openAnother()
    const beside = () => readdir(join(folder, 'new'))
    const before = await beside()
    // As a kill leaves it: made, and locked by nobody.
    await writeFile(`${file}.holder-00000000-0000-4000-8000-000000000000`, '')
    await writeFile(`${file}.copy`, '')
    await openAnother()
    const after = await beside()
    for (const backend of closing) await close(backend)
    assert.ok(before.every((name) => after.includes(name)))
    assert.ok(after.includes('jobs.sqlite.copy'))
    assert.equal(after.filter((name) => name.includes('.holder-')).length, 2)
    await rm(`${file}.copy`)
    assert.deepEqual(await beside(), ['jobs.sqlite'])
  })

  test('forgets jobs that have been over for long enough, and their results', async () => {
    const backend = await open(1)
    const times = { acceptedAtMs: Date.now(), expiresAtMs: Date.now() + 60_000 }
    await backend.store.add(acceptedJob('old', times))
    await backend.store.putResults('old', 0, [{ success: true }])
    await backend.store.change('old', { state: 'done', endedAtMs: Date.now() })
    while ((await backend.store.get('old')) !== undefined);
    assert.deepEqual(await backend.store.results('old'), [])
    await close(backend)
  })

  test('forgets no job as too old where the clock is set forward for a moment', async (t) => {
    const backend = await openFileBackend(
      { file: join(folder, 'forward.sqlite'), keepMs: hourMs, keepDeadMs: hourMs },
      failing,
    )
    const nowMs = Date.now()
    const times = { acceptedAtMs: 1, expiresAtMs: 1 }
    for (const [id, endedAtMs] of [
      ['recent', nowMs],
      ['old', 1],
    ] as const) {
      await backend.store.add(acceptedJob(id, times))
      await backend.store.change(id, { state: 'done', endedAtMs })
    }
    t.mock.timers.enable({ apis: ['Date'], now: nowMs + 1_000 * hourMs })
    while ((await backend.store.get('old')) !== undefined);
    assert.equal((await backend.store.get('recent'))?.state, 'done')
    await close(backend)
  })

  test('forgets all that is old in one go, however many were accepted in between', async () => {
    const jobFile = await openJobFileThread(file, failing)
    const times = { acceptedAtMs: 1, expiresAtMs: 1 }
    const ids = Array.from({ length: 1_001 }, (_, index) => `many-${index}`)
    await Promise.all(ids.map((id) => jobFile.run('addJob', acceptedJob(id, times))))
    const end = { state: 'done', endedAtMs: 1 } as const
    await Promise.all(ids.map((id) => jobFile.run('changeJob', id, end)))
    const keeping = { keepMs: hourMs, keepDeadMs: hourMs }
    // As when the file is being closed.
    await forgetOld(jobFile, keeping, Date.now(), AbortSignal.abort())
    assert.equal((await jobFile.run('listJobs', { limit: 2_000 })).length, ids.length)
    await forgetOld(jobFile, keeping, Date.now(), new AbortController().signal)
    assert.deepEqual(await jobFile.run('listJobs', { limit: 1 }), [])
    await jobFile.close()
  })

  test('gives what a process that is gone had begun to others, also while much that is old is forgotten', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const much = join(folder, 'much.sqlite')
    const keeping = { keepMs: hourMs, keepDeadMs: hourMs }
    const backend = await openFileBackend({ file: much, ...keeping }, failing)
    const db = new DatabaseSync(much, { timeout: 10_000 })
    db.exec(`
      WITH RECURSIVE old (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM old WHERE n < 4000)
      INSERT INTO jobs (id, owner, state, accepted_at_ms, expires_at_ms, ended_at_ms, job)
      SELECT 'old-' || n, 'a', 'done', 1, 1, 1, '{}' FROM old`)
    await backend.jobs.put(entryOf('begun'))
    t.mock.timers.tick(1_000)
    // It is done together with what is due by now, of what is old a part only.
    await backend.jobs.cancel('absent')
    db.exec("UPDATE entries SET state = 'running', holder = 'gone' WHERE id = 'begun'")
    await turn()
    t.mock.timers.tick(1_000)
    const { running } = await backend.jobs.depth()
    const left = db.prepare('SELECT count(*) AS jobs FROM jobs').get()
    db.close()
    await close(backend)
    assert.equal(running, 0)
    assert.ok(Number(left?.jobs) > 0)
  })

  test('forgets a job that was never put into its queue, and none that waits there or is about to, or has just ended', async () => {
    const jobFile = await openJobFileThread(file, failing)
    const times = { acceptedAtMs: 1, expiresAtMs: 1 }
    for (const id of ['lost', 'queued', 'ended'])
      await jobFile.run('addJob', acceptedJob(id, times))
    await jobFile.run('changeJob', 'ended', { state: 'failed', endedAtMs: Date.now() })
    const expiresAtMs = Date.now() + hourMs
    await jobFile.run('addJob', acceptedJob('new', { ...times, expiresAtMs }))
    await jobFile.run('put', 'jobs', entryOf('queued'), 1)
    const keeping = { keepMs: hourMs, keepDeadMs: hourMs }
    await forgetOld(jobFile, keeping, Date.now(), new AbortController().signal)
    const left = await jobFile.run('listJobs', { limit: 10 })
    await jobFile.run('cancel', 'jobs', 'queued')
    await jobFile.close()
    assert.deepEqual(left.map(({ id }) => id).sort(), ['ended', 'new', 'queued'])
  })

  test('is copied whole beside those who use it, as docs/operations.md says', async () => {
    const backend = await open()
    await backend.jobs.put(entryOf('waits'))
    await backend.jobs.put(entryOf('under-way'))
    await backend.jobs.cancel('waits')
    const { settle } = await deliveriesOf(backend.jobs).next()
    await backend.jobs.put(entryOf('behind'))
    const copy = join(folder, 'copy.sqlite')
    const db = new DatabaseSync(file)
    db.exec(`VACUUM INTO '${copy}'`)
    db.close()
    settle({ state: 'done' })
    while ((await backend.jobs.depth()).running > 0);
    await backend.jobs.cancel('behind')
    await close(backend)
    const restored = await openFileBackend(
      { file: copy, keepMs: hourMs, keepDeadMs: hourMs },
      failing,
    )
    const deliveries = deliveriesOf(restored.jobs, 2)
    const two = [await deliveries.next(), await deliveries.next()]
    for (const each of two) each.settle({ state: 'done' })
    while ((await restored.jobs.depth()).running > 0);
    await close(restored)
    assert.deepEqual(
      two.map(({ delivery }) => [delivery.id, delivery.isInterrupted]),
      [
        ['under-way', true],
        ['behind', false],
      ],
    )
  })

  test('of another version is refused, by its name', async () => {
    const other = join(folder, 'other.sqlite')
    const db = new DatabaseSync(other)
    db.exec('PRAGMA user_version = 99')
    db.close()
    await assert.rejects(
      openFileBackend({ file: other, keepMs: 1, keepDeadMs: 1 }, failing),
      /other\.sqlite.* 99/,
    )
  })
})
