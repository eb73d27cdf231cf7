/*
 * A process of its own that puts entries into a queue of jobs or carries them out, so that it can be killed.
 *
 *   node job-process.ts put  AMQP_URL REDIS_URL FILE FROM TO
 *     puts entries FROM to TO, and appends the id of each to FILE when it is durable
 *   node job-process.ts work AMQP_URL REDIS_URL FILE
 *     carries entries out: appends `ID begun` to FILE, and a while later `ID done`. One whose id begins with
 *     `once` must not be done twice: where it is not known whether it was, it becomes a dead letter. One
 *     with the id `hangs` never ends. On SIGTERM it begins no more, and ends when nothing is under way.
 */
import { once } from 'node:events'
import { openSync, writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { openTestBrokerBackend } from '../../support/broker-backend.ts'

const [role, amqpUrl = '', redisUrl = '', path = '', from, to] = process.argv.slice(2)
const file = openSync(path, 'a')
const note = (line: string) => writeSync(file, `${line}\n`)
const backend = await openTestBrokerBackend(amqpUrl, redisUrl, { deadlineMs: 5_000 })

if (role === 'work') {
  backend.jobs.consume(
    async ({ id, isInterrupted }) => {
      if (isInterrupted && id.startsWith('once')) return { state: 'dead', reason: 'interrupted' }
      note(`${id} begun`)
      if (id === 'hangs') await delay(3_600_000)
      await delay(Math.random() * 20)
      note(`${id} done`)
      return { state: 'done' }
    },
    { concurrency: 8 },
  )
  await once(process, 'SIGTERM')
  await backend.jobs.close(60_000)
} else {
  const expiresAtMs = Date.now() + 3_600_000
  for (let number = Number(from); number < Number(to); number += 1) {
    const id = `${number % 2 === 0 ? 'once' : 'often'}-${number}`
    const owner = `owner-${number % 5}`
    const orderKey = number % 3 === 0 ? JSON.stringify([owner, number % 10]) : undefined
    const payload = Buffer.from(id)
    try {
      await backend.jobs.put({ id, owner, orderKey, payload, expiresAtMs })
      note(id)
    } catch {
      // It was not accepted; it is taken back as far as that is possible.
      await backend.jobs.cancel(id).catch(() => undefined)
      while (backend.isAway?.()) await delay(50)
    }
  }
}
await backend.close()
