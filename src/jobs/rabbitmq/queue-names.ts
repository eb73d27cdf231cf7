import { crc32 } from 'node:zlib'
import type { Channel } from 'amqplib'
import type { QueueEntry } from '../durable-queue.ts'
import type { AskBroker } from './ask-broker.ts'

/** A queue of the broker that entries are delivered from. */
export interface Source {
  readonly queue: string
  /** Whether only one process at a time consumes it, so that order can be kept. */
  readonly isOrdered: boolean
  /** Most of its messages that one process holds. */
  readonly prefetch: number
}

/** A queue that nobody consumes. After a time its messages go on to the queue that they are addressed to. */
export interface WaitQueue {
  /** Name of the queue, and of the exchange in front of it, which preserves the address. */
  readonly name: string
  readonly waitMs: number
}

/** The queues of the broker that make up one of ours. */
export interface QueueNames {
  readonly sources: readonly Source[]
  readonly dead: string
  /** The longest one first. */
  readonly waits: readonly WaitQueue[]
  /** The queue for an entry. */
  readonly queueOf: (entry: Pick<QueueEntry, 'owner' | 'orderKey'>) => string
}

/*
 * Entries with an order key go to the ordered partition of that key. The others are shared by all processes, in the
 * partition of their owner, so that few others wait for an owner with many entries. If this number changed, new entries
 * could overtake older ones with the same order key.
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
      // Many, since entries that wait for those before them are held too, and others have to get past them.
      { queue: nameOf('ordered', number), isOrdered: true, prefetch: 256 },
      // Few, since entries that one process holds cannot be done by others.
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
 * If a quorum queue has a limit of deliveries, messages that a consumer gives back go to its front, otherwise to its
 * end. RabbitMQ 4 has a default limit of 20, and drops messages that reach it.
 */
const deliveryLimit = 1_000_000_000

/** Declares the queues; it is an error if one exists with other arguments. */
export async function declareQueues(
  channel: Channel,
  ask: AskBroker,
  names: QueueNames,
): Promise<void> {
  const quorum = {
    'x-queue-type': 'quorum',
    'x-delivery-limit': deliveryLimit,
    // If a policy of the broker limits the length, further messages are refused, and none is dropped.
    'x-overflow': 'reject-publish',
  }
  const queues = [...names.sources, { queue: names.dead, isOrdered: false }]
  for (const { queue, isOrdered } of queues) {
    const own = isOrdered && { 'x-single-active-consumer': true }
    await ask(channel.assertQueue(queue, { durable: true, arguments: { ...quorum, ...own } }))
  }
  for (const { name, waitMs } of names.waits) {
    const own = {
      'x-message-ttl': waitMs,
      // The default exchange, which takes the address as the name of a queue.
      'x-dead-letter-exchange': '',
      // A message leaves this queue only when the other one has confirmed it.
      'x-dead-letter-strategy': 'at-least-once',
    }
    await ask(channel.assertExchange(name, 'fanout', { durable: true }))
    await ask(channel.assertQueue(name, { durable: true, arguments: { ...quorum, ...own } }))
    await ask(channel.bindQueue(name, name, ''))
  }
}
