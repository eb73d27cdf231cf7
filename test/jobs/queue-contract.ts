import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { DurableQueue, Settlement } from '../../src/jobs/durable-queue.ts'
import type { JobBackend } from '../../src/jobs/job-backend.ts'
import { deliveriesOf, entryOf } from './deliveries.ts'

/** Something that keeps jobs, empty at first; each test opens it anew. */
export interface BackendUnderTest extends AsyncDisposable {
  /** Opens it; what was put before is there. */
  readonly open: (keepDeadMs?: number) => Promise<JobBackend>
  /** Removes everything that was put, while it is not open. */
  readonly clear: () => Promise<void>
}

const hourMs = 3_600_000
const done: Settlement = { state: 'done' }

/** Holds a kind of queue against what all of them promise. */
export function describeQueue(kind: string, create: () => Promise<BackendUnderTest>): void {
  describe(`the queue in ${kind}`, () => {
    let place: BackendUnderTest
    before(async () => {
      place = await create()
    })
    after(() => place[Symbol.asyncDispose]())

    async function close(backend: JobBackend): Promise<void> {
      await backend.callbacks.close(0)
      await backend.jobs.close(0)
      await backend.close()
    }

    /** Runs with the queue, and closes it. A test that fails takes no entry of later tests, and leaves them none. */
    async function withOpenQueue(
      run: (queue: DurableQueue) => Promise<void>,
      keepDeadMs?: number,
    ): Promise<void> {
      const backend = await place.open(keepDeadMs)
      try {
        await run(backend.callbacks)
      } catch (error) {
        await close(backend)
        await place.clear()
        throw error
      }
      await close(backend)
    }

    /** Runs with the queue, which is empty at first, and is left empty. */
    const withQueue: typeof withOpenQueue = (run, keepDeadMs) =>
      withOpenQueue(async (queue) => {
        await run(queue)
        const { waiting, running, dead } = await queue.depth()
        assert.deepEqual({ waiting, running, dead }, { waiting: 0, running: 0, dead: 0 })
      }, keepDeadMs)

    async function untilEmpty(queue: DurableQueue): Promise<void> {
      for (;;) {
        const { waiting, running } = await queue.depth()
        if (waiting + running === 0) return
      }
    }

    test('delivers what was put, byte for byte, and says that it is the first time', () =>
      withQueue(async (queue) => {
        const payload = Buffer.from([0, 255, 10, 13, 34])
        const expiresAtMs = Date.now() + hourMs
        await queue.put(entryOf('bytes', { payload, expiresAtMs, orderKey: '["a"]' }))
        const { delivery, settle } = await deliveriesOf(queue).next()
        assert.equal(delivery.id, 'bytes')
        assert.equal(delivery.owner, 'acme-erp')
        assert.equal(delivery.orderKey, '["a"]')
        assert.equal(delivery.expiresAtMs, expiresAtMs)
        assert.ok(Buffer.isBuffer(delivery.payload))
        assert.deepEqual(delivery.payload, payload)
        assert.equal(delivery.attempts, 1)
        assert.equal(delivery.isInterrupted, false)
        settle(done)
        await untilEmpty(queue)
      }))

    test('delivers again what is to be tried again, with the payload that it was given', () =>
      withQueue(async (queue) => {
        await queue.put(entryOf('again'))
        const deliveries = deliveriesOf(queue)
        const first = await deliveries.next()
        const atMs = Date.now() + 50
        const payload = Buffer.from('another')
        first.settle({ state: 'retry', atMs, reason: 'busy', isUntouched: false, payload })
        const second = await deliveries.next()
        assert.ok(Date.now() >= atMs)
        assert.equal(second.delivery.payload.toString(), 'another')
        assert.equal(second.delivery.attempts, 2)
        assert.equal(second.delivery.isInterrupted, false)
        second.settle(done)
        await untilEmpty(queue)
      }))

    test('delivers nothing before its time, and holds up nothing for it', () =>
      withQueue(async (queue) => {
        await queue.put(entryOf('much-later'))
        const deliveries = deliveriesOf(queue)
        const first = await deliveries.next()
        const atMs = Date.now() + hourMs
        first.settle({ state: 'retry', atMs, reason: 'busy', isUntouched: true })
        await queue.put(entryOf('now'))
        const second = await deliveries.next()
        assert.equal(second.delivery.id, 'now')
        second.settle(done)
        assert.equal(await queue.cancel('much-later'), 'cancelled')
        await untilEmpty(queue)
      }))

    test('holds up those with the same order key, and nobody else, while the first one is tried again', () =>
      withQueue(async (queue) => {
        for (const id of ['1', '2', '3']) await queue.put(entryOf(id, { orderKey: '["x"]' }))
        await queue.put(entryOf('free'))
        const deliveries = deliveriesOf(queue, 4)
        const two = [await deliveries.next(), await deliveries.next()]
        assert.deepEqual(two.map(({ delivery }) => delivery.id).sort(), ['1', 'free'])
        for (const { delivery, settle } of two) {
          const atMs = Date.now() + 50
          if (delivery.id === 'free') settle(done)
          else settle({ state: 'retry', atMs, reason: 'busy', isUntouched: true })
        }
        for (const id of ['1', '2', '3']) {
          const { delivery, settle } = await deliveries.next()
          assert.equal(delivery.id, id)
          assert.equal(deliveries.count(), 0)
          // The second one dies, and the third one goes on.
          settle(id === '2' ? { state: 'dead', reason: 'gone' } : done)
        }
        await untilEmpty(queue)
        assert.equal(await queue.discard('2'), true)
      }))

    test('has no more under way at once than it was told', () =>
      withQueue(async (queue) => {
        const ids = ['a', 'b', 'c', 'd', 'e']
        await Promise.all(ids.map((id) => queue.put(entryOf(id))))
        let most = 0
        let now = 0
        let over = 0
        const twoBegan = Promise.withResolvers<void>()
        await new Promise<void>((resolve) => {
          queue.consume(
            async () => {
              now += 1
              most = Math.max(most, now)
              if (now === 2) twoBegan.resolve()
              await twoBegan.promise
              await new Promise((settled) => setTimeout(settled, 5))
              now -= 1
              over += 1
              if (over === ids.length) resolve()
              return done
            },
            { concurrency: 2 },
          )
        })
        assert.equal(most, 2)
        await untilEmpty(queue)
      }))

    test('keeps dead letters with their reason, lists them, and puts them back as if new', () =>
      withQueue(async (queue) => {
        const deliveries = deliveriesOf(queue)
        for (const id of ['dead-1', 'dead-2', 'dead-3']) {
          await queue.put(entryOf(id))
          const { settle } = await deliveries.next()
          settle({ state: 'dead', reason: `reason of ${id}` })
          while ((await queue.depth()).running > 0) await delay(5)
        }
        assert.equal((await queue.depth()).oldestPutAtMs, undefined)
        assert.equal(await queue.cancel('dead-1'), 'begun')
        const [first, second] = await queue.listDead({ limit: 2 })
        assert.deepEqual([first?.id, second?.id], ['dead-1', 'dead-2'])
        assert.equal(first?.reason, 'reason of dead-1')
        assert.equal(first.attempts, 1)
        assert.equal(first.payload.toString(), 'payload of dead-1')
        const rest = await queue.listDead({ limit: 2, after: 'dead-2' })
        assert.deepEqual(
          rest.map(({ id }) => id),
          ['dead-3'],
        )
        const expiresAtMs = Date.now() + 2 * hourMs
        assert.equal(await queue.putBack('dead-2', expiresAtMs), true)
        assert.equal(await queue.putBack('dead-2', expiresAtMs), false)
        const again = await deliveries.next()
        assert.equal(again.delivery.id, 'dead-2')
        assert.equal(again.delivery.attempts, 1)
        assert.equal(again.delivery.isInterrupted, false)
        assert.equal(again.delivery.expiresAtMs, expiresAtMs)
        again.settle(done)
        await untilEmpty(queue)
        assert.equal(await queue.discard('dead-1'), true)
        assert.equal(await queue.discard('dead-1'), false)
        assert.equal(await queue.discard('dead-3'), true)
      }))

    test('puts a dead letter back behind those that have its order key now', () =>
      withQueue(async (queue) => {
        const deliveries = deliveriesOf(queue, 2)
        await queue.put(entryOf('dies', { orderKey: '["k"]' }))
        const first = await deliveries.next()
        first.settle({ state: 'dead', reason: 'gone' })
        await queue.put(entryOf('now', { orderKey: '["k"]' }))
        const now = await deliveries.next()
        while (!(await queue.putBack('dies', Date.now() + hourMs))) await delay(5)
        while ((await queue.depth()).waiting + deliveries.count() === 0) await delay(5)
        assert.equal(deliveries.count(), 0)
        now.settle(done)
        const again = await deliveries.next()
        assert.deepEqual([again.delivery.id, again.delivery.orderKey], ['dies', '["k"]'])
        again.settle(done)
        await untilEmpty(queue)
      }))

    test('forgets dead letters that have been kept for as long as they are', () =>
      withQueue(async (queue) => {
        await queue.put(entryOf('forgotten'))
        const { settle } = await deliveriesOf(queue).next()
        settle({ state: 'dead', reason: 'gone' })
        await untilEmpty(queue)
        while ((await queue.depth()).dead > 0) await delay(5)
        assert.deepEqual(await queue.listDead({ limit: 1 }), [])
      }, 1))

    test('takes an id anew whose dead letter was forgotten, by itself or by an operator', async () => {
      const die = async (queue: DurableQueue, deliveries: ReturnType<typeof deliveriesOf>) => {
        await queue.put(entryOf('anew'))
        const { settle } = await deliveries.next()
        settle({ state: 'dead', reason: 'gone' })
        await untilEmpty(queue)
      }
      await withQueue(async (queue) => {
        const deliveries = deliveriesOf(queue)
        await die(queue, deliveries)
        while (!(await queue.discard('anew'))) await delay(5)
        await die(queue, deliveries)
        while (!(await queue.discard('anew'))) await delay(5)
      })
      await withQueue(async (queue) => {
        const deliveries = deliveriesOf(queue)
        await die(queue, deliveries)
        while ((await queue.depth()).dead > 0) await delay(5)
        await die(queue, deliveries)
        while ((await queue.depth()).dead > 0) await delay(5)
      }, 1)
    })

    test('takes a handler that throws for a defect, and keeps the entry as a dead letter', () =>
      withQueue(async (queue) => {
        await queue.put(entryOf('defect'))
        queue.consume(
          async () => {
            throw Object.assign(new Error('with what a caller sent'), { code: 'ECODE' })
          },
          { concurrency: 1 },
        )
        while ((await queue.depth()).dead === 0) await delay(5)
        const [letter] = await queue.listDead({ limit: 1 })
        assert.equal(letter?.reason, 'defect: ECODE')
        await queue.discard('defect')
      }))

    test('takes back what has not begun, and nothing else', () =>
      withQueue(async (queue) => {
        assert.equal(await queue.cancel('nobody'), 'absent')
        await queue.put(entryOf('expired', { expiresAtMs: Date.now() - 1 }))
        assert.equal(await queue.cancel('expired'), 'cancelled')
        await queue.put(entryOf('first', { orderKey: '["c"]' }))
        await queue.put(entryOf('second', { orderKey: '["c"]' }))
        await queue.put(entryOf('third', { orderKey: '["c"]' }))
        const deliveries = deliveriesOf(queue)
        const first = await deliveries.next()
        assert.equal(await queue.cancel('first'), 'begun')
        assert.equal(await queue.cancel('second'), 'cancelled')
        assert.equal(await queue.cancel('second'), 'absent')
        first.settle(done)
        const third = await deliveries.next()
        assert.equal(third.delivery.id, 'third')
        const atMs = Date.now() + hourMs
        third.settle({ state: 'retry', atMs, reason: 'maintenance', isUntouched: true })
        while ((await queue.depth()).running > 0) await delay(5)
        assert.equal(await queue.cancel('third'), 'cancelled')
        await queue.put(entryOf('fourth'))
        const fourth = await deliveries.next()
        fourth.settle({ state: 'retry', atMs: Date.now(), reason: 'cut', isUntouched: false })
        const again = await deliveries.next()
        const later = Date.now() + 100
        again.settle({ state: 'retry', atMs: later, reason: 'busy', isUntouched: true })
        while ((await queue.depth()).running > 0 && deliveries.count() === 0) await delay(5)
        assert.equal(await queue.cancel('fourth'), 'begun')
        const last = await deliveries.next()
        last.settle({ state: 'dead', reason: 'gone' })
        while ((await queue.depth()).dead === 0) await delay(5)
        assert.equal(await queue.cancel('fourth'), 'begun')
        await queue.discard('fourth')
      }))

    test('lets no owner with many entries keep another one waiting until all of them are done', () =>
      withQueue(async (queue) => {
        const many = Array.from({ length: 20 }, (_, index) => entryOf(`many-${index}`))
        await Promise.all(many.map((each) => queue.put(each)))
        await queue.put(entryOf('one', { owner: 'globex-pim' }))
        const deliveries = deliveriesOf(queue)
        const order: string[] = []
        for (let index = 0; index <= many.length; index += 1) {
          const { delivery, settle } = await deliveries.next()
          order.push(delivery.id)
          settle(done)
        }
        assert.ok(order.indexOf('one') < many.length)
        assert.equal(new Set(order).size, many.length + 1)
        await untilEmpty(queue)
      }))

    test('tells how much is in it, and since when', () =>
      withQueue(async (queue) => {
        const before = Date.now()
        await queue.put(entryOf('one'))
        await queue.put(entryOf('two'))
        assert.equal(await queue.discard('one'), false)
        assert.equal(await queue.putBack('two', Date.now() + hourMs), false)
        const { waiting, running, dead, oldestPutAtMs = 0 } = await queue.depth()
        assert.deepEqual([waiting, running, dead], [2, 0, 0])
        assert.ok(oldestPutAtMs >= before && oldestPutAtMs <= Date.now())
        await queue.cancel('one')
        await queue.cancel('two')
        assert.equal((await queue.depth()).oldestPutAtMs, undefined)
      }))

    test('closed and opened again, it has what was put, and says of what was under way that its end is not known', async () => {
      await withOpenQueue(async (queue) => {
        await queue.put(entryOf('settled'))
        await queue.put(entryOf('under-way', { orderKey: '["u"]' }))
        await queue.put(entryOf('behind', { orderKey: '["u"]' }))
        const deliveries = deliveriesOf(queue, 2)
        for (const { delivery, settle } of [await deliveries.next(), await deliveries.next()]) {
          if (delivery.id === 'settled') {
            delivery.signal.addEventListener('abort', () => setImmediate(settle, done))
          }
        }
        // Not begun either when there is room for it in closing.
        await queue.put(entryOf('not-begun'))
      })
      await withQueue(async (queue) => {
        const again = deliveriesOf(queue, 3)
        const two = [await again.next(), await again.next()]
        two.sort((one, other) => other.delivery.attempts - one.delivery.attempts)
        const [first, notBegun] = two as [(typeof two)[number], (typeof two)[number]]
        assert.equal(notBegun.delivery.id, 'not-begun')
        assert.equal(notBegun.delivery.isInterrupted, false)
        assert.equal(notBegun.delivery.attempts, 1)
        notBegun.settle(done)
        assert.equal(first.delivery.id, 'under-way')
        assert.equal(first.delivery.isInterrupted, true)
        assert.equal(first.delivery.attempts, 2)
        assert.equal(again.count(), 0)
        const atMs = Date.now() + 100
        first.settle({ state: 'retry', atMs, reason: 'busy', isUntouched: true })
        while ((await queue.depth()).running > 0 && again.count() === 0) await delay(5)
        assert.equal(await queue.cancel('under-way'), 'begun')
        const second = await again.next()
        assert.equal(second.delivery.id, 'under-way')
        assert.equal(second.delivery.isInterrupted, true)
        second.settle(done)
        const third = await again.next()
        assert.equal(third.delivery.id, 'behind')
        assert.equal(third.delivery.isInterrupted, false)
        third.settle(done)
        await untilEmpty(queue)
      })
    })
  })
}
