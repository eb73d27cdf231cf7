import { crc32 } from 'node:zlib'
import type { Channel } from 'amqplib'
import type { QueueEntry } from '../durable-queue.ts'

/** A queue of the broker that entries are delivered from. */
export interface Source {
  readonly queue: string
  /** Whether one process at a time has it, so that order can be kept. */
  readonly isOrdered: boolean
  /** Messages of it that one process holds at most. */
  readonly prefetch: number
}

/** A queue that nobody consumes: what lies in it goes on to where it is addressed after a time. */
export interface WaitQueue {
  /** Of the queue, and of the exchange before it that keeps the address. */
  readonly name: string
  readonly waitMs: number
}

/** The queues of the broker that make up one of ours. */
export interface QueueNames {
  readonly sources: readonly Source[]
  readonly dead: string
  /** The longest one first. */
  readonly waits: readonly WaitQueue[]
  /** Where an entry belongs. */
  readonly queueOf: (entry: Pick<QueueEntry, 'owner' | 'orderKey'>) => string
}

/*
 * Entries with an order key go to the ordered partition of that key. Others are shared by all processes; their
 * partition is that of the owner, so that few others wait for one with many entries. To change the number
 * would put new entries with a key before old ones.
 */
const partitions = 8

const waitsMs = [3_600_000, 600_000, 60_000, 10_000]

/**
 * Names of the queues.
 * @param name of ours
 */
export function queueNames(name: string): QueueNames {
  const nameOf = (kind: string, partition: number) => `magegate.${name}.${kind}.${partition}`
  const numbers = Array.from({ length: partitions }, (_, index) => index)
  return {
    sources: numbers.flatMap((number) => [
      // What waits for what is before it is held too, so that others can pass.
      { queue: nameOf('ordered', number), isOrdered: true, prefetch: 256 },
      // What one process holds no other one can do.
      { queue: nameOf('shared', number), isOrdered: false, prefetch: 32 },
    ]),
    dead: `magegate.${name}.dead`,
    waits: waitsMs.map((waitMs) => ({ name: `magegate.${name}.wait.${waitMs / 1_000}`, waitMs })),
    queueOf: ({ owner, orderKey }) =>
      orderKey === undefined
        ? nameOf('shared', crc32(owner) % partitions)
        : nameOf('ordered', crc32(orderKey) % partitions),
  }
}

/*
 * With a limit of deliveries, what a consumer gives back goes to the front of a quorum queue; without, to its
 * end. RabbitMQ 4 has a limit of 20 where none is set, and drops what reaches it.
 */
const deliveryLimit = 1_000_000_000

/** Declares the queues; those that are there with other arguments are an error. */
export async function declareQueues(channel: Channel, names: QueueNames): Promise<void> {
  const quorum = {
    'x-queue-type': 'quorum',
    'x-delivery-limit': deliveryLimit,
    // Where a policy limits the length: what is too much is refused, and nothing is dropped for it.
    'x-overflow': 'reject-publish',
  }
  const queues = [...names.sources, { queue: names.dead, isOrdered: false }]
  for (const { queue, isOrdered } of queues) {
    await channel.assertQueue(queue, {
      durable: true,
      arguments: { ...quorum, ...(isOrdered && { 'x-single-active-consumer': true }) },
    })
  }
  for (const { name, waitMs } of names.waits) {
    await channel.assertExchange(name, 'fanout', { durable: true })
    await channel.assertQueue(name, {
      durable: true,
      arguments: {
        ...quorum,
        'x-message-ttl': waitMs,
        // The default exchange, which takes the address for the name of a queue.
        'x-dead-letter-exchange': '',
        // It leaves this queue when the other one has confirmed it.
        'x-dead-letter-strategy': 'at-least-once',
      },
    })
    await channel.bindQueue(name, name, '')
  }
}
