import type { Message } from 'amqplib'
import type { DeadLetter, Page } from '../durable-queue.ts'
import type { Broker } from './broker.ts'
import { lettersAtHand } from './letters-at-hand.ts'
import { type Death, messageOf, type OutgoingMessage, type StoredEntry } from './message.ts'
import { unreadLetter } from './unread-message.ts'

/** The dead letters of one queue, in a queue of the broker. */
export interface DeadLetters {
  /** Adds a letter; resolves when it is durable. It may then be there twice, but counts as one. */
  readonly add: (entry: StoredEntry, death: Death) => Promise<void>
  /** Adds a message that is not understood, in the same way. */
  readonly addUnread: (message: Message, queue: string, nowMs: number) => Promise<void>
  readonly list: (page: Page) => Promise<readonly DeadLetter[]>
  /**
   * Removes a letter after something has been done with it; false if there is no such letter, or if it is to stay.
   * @param act resolves with false if the letter is to stay
   */
  readonly take: (
    id: string,
    act: (entry: StoredEntry, message: Message) => Promise<boolean>,
  ) => Promise<boolean>
  readonly count: () => Promise<number>
}

/**
 * Opens the dead letters.
 * @param keepMs how long a letter is kept, milliseconds; below 2 to the power of 32
 * @param clock milliseconds since the epoch
 */
export function deadLetters(
  broker: Broker,
  queue: string,
  keepMs: number,
  clock: () => number,
): DeadLetters {
  const letters = lettersAtHand(broker, queue, clock)
  const keep = (letter: OutgoingMessage) =>
    broker.publish(queue, { ...letter, expiration: String(keepMs) })
  return {
    add: (entry, death) => keep(messageOf(entry, death)),
    addUnread: (message, from, nowMs) => {
      const { attempts, diedAtMs, reason, ...entry } = unreadLetter(message, from, nowMs)
      return keep(messageOf(entry, { attempts, diedAtMs, reason }))
    },
    list: ({ limit, after }) =>
      letters.read(async ({ found }) => {
        const byId = new Map(found.map(({ letter }) => [letter.id, letter]))
        const sorted = [...byId.values()].sort(byDeath)
        const from = sorted.findIndex(({ id }) => id === after) + 1
        return sorted.slice(from, from + limit)
      }),
    take: (id, act) =>
      letters.read(async (held) => {
        const { channel, ask, found } = held
        const copies = found.filter(({ letter }) => letter.id === id)
        const [first] = copies
        if (first === undefined) return false
        const { diedAtMs: _, attempts: __, reason: ___, ...entry } = first.letter
        if (!(await act(entry, first.message))) return false
        for (const { message } of copies) channel.ack(message)
        held.found = found.filter((each) => !copies.includes(each))
        // An acknowledgement has no answer, and is lost if the connection is closed right after it.
        await ask(channel.checkQueue(queue))
        return true
      }),
    count: () =>
      broker.withChannel(async (channel, ask) => {
        const { messageCount } = await ask(channel.checkQueue(queue))
        return messageCount + letters.count()
      }),
  }
}

function byDeath(one: DeadLetter, other: DeadLetter): number {
  return one.diedAtMs - other.diedAtMs || (one.id < other.id ? -1 : 1)
}
