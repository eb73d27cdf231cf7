import { randomUUID } from 'node:crypto'
import type { DurableQueue } from '../durable-queue.ts'
import type { JobStore } from '../job.ts'
import { BackendError } from '../job-backend.ts'
import type { Broker } from './broker.ts'
import { type Consumer, openConsumer } from './consumer.ts'
import { deadLetters } from './dead-letters.ts'
import type { EntryRecords } from './entry-records.ts'
import { messageOf } from './message.ts'
import type { QueueNames } from './queue-names.ts'
import { recordLifeMs } from './run-entry.ts'
import { originalOf } from './unread-message.ts'

/** The parts of a queue in a broker. */
export interface BrokerQueueSettings {
  readonly broker: Broker
  /** The connection to consume on, which publishes nothing. */
  readonly consumingBroker: Broker
  readonly records: EntryRecords
  readonly changeJob: JobStore['change']
  readonly names: QueueNames
  /** How long a dead letter is kept, milliseconds. */
  readonly keepDeadMs: number
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  /** Told of failures that are retried, and of defects in handlers. */
  readonly onFault: (error: unknown) => void
}

/** A durable queue in quorum queues of RabbitMQ. */
export function brokerQueue(settings: BrokerQueueSettings): DurableQueue {
  const { broker, records, names, clock } = settings
  const dead = deadLetters(broker, names.dead, settings.keepDeadMs, clock)
  const holder = randomUUID()
  let consumer: Consumer | undefined

  return {
    put: async (entry) => {
      const nowMs = clock()
      // Noted first, so that the entry can be cancelled whatever happens next.
      const known = await records.note(entry.id, recordLifeMs(entry.expiresAtMs, nowMs))
      if (known === 'put') return
      await broker.publish(names.queueOf(entry), messageOf({ ...entry, putAtMs: nowMs }))
      // If this fails, a repeated `put` would put the entry once more; the copy is dropped when its turn comes.
      await records.markPut(entry.id, nowMs).catch(settings.onFault)
    },
    consume: (handle, { concurrency }) => {
      consumer = openConsumer({ ...settings, dead, holder, handle, concurrency })
    },
    cancel: async (id) => {
      const outcome = await records.cancel(id)
      if (outcome === 'cancelled') consumer?.drop([id])
      return outcome
    },
    listDead: dead.list,
    putBack: (id, expiresAtMs, shown) =>
      dead.take(id, async ({ owner, orderKey, payload, unreadFrom }, message) => {
        if (unreadFrom === names.dead)
          throw new BackendError('NOT_UNDERSTOOD', 'it is not understood')
        if (unreadFrom !== undefined) {
          await broker.publish(unreadFrom, originalOf(message))
          return true
        }
        const nowMs = clock()
        if (!(await records.revive(id, recordLifeMs(expiresAtMs, nowMs)))) return false
        if (shown !== undefined) await settings.changeJob(id, shown)
        const entry = { id, owner, orderKey, payload, expiresAtMs, putAtMs: nowMs }
        await broker.publish(names.queueOf(entry), messageOf(entry))
        await records.markPut(id, nowMs).catch(settings.onFault)
        return true
      }),
    discard: (id) =>
      dead.take(id, async () => {
        // Otherwise the records would still say that it is a dead letter, and it could not be put again.
        await records.forget(id)
        return true
      }),
    depth: async () => {
      const ready = await broker.withChannel(async (channel, ask) => {
        let count = 0
        const waits = names.waits.map(({ name }) => name)
        for (const queue of [...names.sources.map((source) => source.queue), ...waits]) {
          count += (await ask(channel.checkQueue(queue))).messageCount
        }
        return count
      })
      // Read after the queues, so that an entry delivered in between is counted twice rather than not at all.
      await consumer?.beat()
      const loads = await records.loads()
      const running = sum(loads.map((load) => load.running))
      const held = sum(loads.map((load) => load.waiting))
      const { count, oldestPutAtMs } = await records.live()
      const cancelled = (await records.cancelled()).length
      return {
        // By the records, or by the messages in case the records have been lost.
        waiting: Math.max(0, count - running, ready + held - cancelled),
        running,
        dead: await dead.count(),
        oldestPutAtMs,
      }
    },
    close: async (deadlineMs) => {
      await consumer?.close(deadlineMs)
    },
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
