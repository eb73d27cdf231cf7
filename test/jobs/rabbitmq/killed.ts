import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { boundToThisProcess } from '../../support/bound-process.ts'
import { openTestBrokerBackend, type TestBackend } from '../../support/broker-backend.ts'
import type { TestRabbit } from '../../support/rabbitmq.ts'
import { killed, type TestRedis } from '../../support/redis.ts'
import { temporaryFolder } from '../../support/shared.ts'

/*
 * By hand, with more entries and kills:
 *   KILLED_JOBS=2000 KILLS=24 npx node --test --test-name-pattern=whoever test/jobs/rabbitmq/failures.test.ts
 */
const count = Number(process.env.KILLED_JOBS ?? 150)
const kills = Number(process.env.KILLS ?? 3)
const program = fileURLToPath(new URL('job-process.ts', import.meta.url))

/** What becomes of jobs while gateways and the broker are killed again and again. */
export function testKilled(servers: () => { rabbit: TestRabbit; redis: TestRedis }): void {
  test('are not lost once accepted, whoever is killed, and not done twice where they must not be', async (t) => {
    const folder = await temporaryFolder()
    const { rabbit, redis } = servers()
    const accepted = join(folder, 'accepted')
    const work = join(folder, 'work')
    const run = (...args: string[]) =>
      spawn(...boundToThisProcess(process.execPath, [program, ...args]), {
        stdio: ['ignore', 'ignore', 'inherit'],
      })
    const startWorker = () => run('work', rabbit.url, redis.url, work)
    const startPutter = (from: number) =>
      run('put', rabbit.url, redis.url, accepted, String(from), String(count))

    const workers = [startWorker(), startWorker()]
    let putter = startPutter(0)
    await using backend = await openTestBrokerBackend(rabbit.url, redis.url)
    const kill = {
      broker: async () => {
        await rabbit.kill()
        await rabbit.restart()
      },
      worker: async (index: number) => {
        await killed(workers[index % 2] as ChildProcess)
        workers[index % 2] = startWorker()
      },
      gateway: async () => {
        if (hasEnded(putter)) return
        await killed(putter)
        // What it was about to put is not put again: its caller would not know what became of it.
        const last = Math.max(-1, ...(await linesOf(accepted)).map(numberOf))
        putter = startPutter(last + 2)
      },
    }
    // Each when so many are accepted, and the next one not before the one before it is over.
    const moments = Array.from({ length: kills }, () => Math.random() * count).sort((a, b) => a - b)
    for (const [index, moment] of moments.entries()) {
      while ((await linesOf(accepted)).length < moment && !hasEnded(putter)) await delay(20)
      const whose = (['worker', 'broker', 'gateway'] as const)[index % 3] as keyof typeof kill
      await kill[whose](index)
    }
    while (!hasEnded(putter)) await delay(20)

    // An entry counts in no queue while it becomes a dead letter, so the workers are to come to an end first.
    for (;;) {
      await untilEmpty(backend)
      for (const worker of workers) await stopped(worker)
      if (await isEmpty(backend)) break
      for (const index of workers.keys()) workers[index] = startWorker()
    }

    const ids = await linesOf(accepted)
    const dead = new Map(
      (await backend.jobs.listDead({ limit: count })).map((each) => [each.id, each]),
    )
    const begun = timesOf(await linesOf(work), 'begun')
    const done = timesOf(await linesOf(work), 'done')
    const isLost = (id: string) => !done.has(id) && !dead.has(id)
    const onces = ids.filter((id) => id.startsWith('once'))
    t.diagnostic(
      JSON.stringify({
        accepted: ids.length,
        kills,
        moments: moments.map(Math.round),
        doneOnce: ids.filter((id) => begun.get(id) === 1 && done.get(id) === 1).length,
        begunMoreThanOnce: ids.filter((id) => (begun.get(id) ?? 0) > 1).length,
        dead: dead.size,
        lost: ids.filter(isLost).length,
      }),
    )
    assert.ok(ids.length > count / 2, `${ids.length} are accepted`)
    assert.deepEqual(ids.filter(isLost), [])
    assert.deepEqual(
      onces.filter((id) => (begun.get(id) ?? 0) > 1),
      [],
    )
    for (const id of dead.keys()) assert.match(id, /^once-/)
    for (const id of dead.keys()) await backend.jobs.discard(id)
  })
}

async function untilEmpty(backend: TestBackend): Promise<void> {
  while (!(await isEmpty(backend))) await delay(200)
}

/** False also while that cannot be told. */
async function isEmpty({ isAway, jobs }: TestBackend): Promise<boolean> {
  if (isAway?.()) return false
  const depth = await jobs.depth().catch(() => undefined)
  return depth !== undefined && depth.waiting + depth.running === 0
}

async function stopped(worker: ChildProcess): Promise<void> {
  if (hasEnded(worker)) return
  const end = once(worker, 'exit')
  worker.kill('SIGTERM')
  await end
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

async function linesOf(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  // The last line may have been cut off.
  return text.split('\n').slice(0, -1)
}

function numberOf(id: string): number {
  return Number(id.split('-')[1])
}

function timesOf(lines: readonly string[], end: string): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  for (const line of lines) {
    const [id = '', what] = line.split(' ')
    if (what === end) times.set(id, (times.get(id) ?? 0) + 1)
  }
  return times
}
