import type { Channel, GetMessage, Message } from 'amqplib'
import type { DeadLetter, Page } from '../durable-queue.ts'
import type { AskBroker } from './ask-broker.ts'
import type { Broker } from './broker.ts'
import { type Death, entryOf, messageOf, type StoredEntry } from './message.ts'
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

interface Found {
  readonly message: GetMessage
  readonly letter: DeadLetter
}

/**
 * Opens the dead letters. The whole queue is read each time, since a broker offers no other way; letters that are read
 * and not taken go back to their places. While it is being read, other processes see fewer letters.
 * @param keepMs how long a letter is kept, milliseconds; below 2 to the power of 32
 */
export function deadLetters(broker: Broker, queue: string, keepMs: number): DeadLetters {
  // Reads wait for each other, so that they do not hide letters from one another.
  let last: Promise<unknown> = Promise.resolve()

  function read<Result>(use: (channel: Channel, found: readonly Found[]) => Promise<Result>) {
    const reading = last.then(() =>
      broker.withChannel(async (channel, ask) =>
        use(channel, await lettersOn(channel, ask, queue)),
      ),
    )
    last = reading.catch(() => undefined)
    return reading
  }

  return {
    add: (entry, death) =>
      broker.publish(queue, { ...messageOf(entry, death), expiration: String(keepMs) }),
    addUnread: (message, from, nowMs) =>
      broker.publish(queue, { ...unreadLetter(message, from, nowMs), expiration: String(keepMs) }),
    list: ({ limit, after }) =>
      read(async (_, found) => {
        const byId = new Map(found.map(({ letter }) => [letter.id, letter]))
        const letters = [...byId.values()].sort(byDeath)
        const from = letters.findIndex(({ id }) => id === after) + 1
        return letters.slice(from, from + limit)
      }),
    take: (id, act) =>
      read(async (channel, found) => {
        const copies = found.filter(({ letter }) => letter.id === id)
        const [first] = copies
        if (first === undefined) return false
        const { diedAtMs: _, attempts: __, reason: ___, ...entry } = first.letter
        if (!(await act(entry, first.message))) return false
        for (const { message } of copies) channel.ack(message)
        return true
      }),
    count: () =>
      broker.withChannel(
        async (channel, ask) => (await ask(channel.checkQueue(queue))).messageCount,
      ),
  }
}

async function lettersOn(
  channel: Channel,
  ask: AskBroker,
  queue: string,
): Promise<readonly Found[]> {
  const found: Found[] = []
  for (;;) {
    const message = await ask(channel.get(queue))
    if (message === false) return found
    const { entry, death } = entryOf(message) ?? {}
    if (entry && death) found.push({ message, letter: { ...entry, ...death } })
  }
}

function byDeath(one: DeadLetter, other: DeadLetter): number {
  return one.diedAtMs - other.diedAtMs || (one.id < other.id ? -1 : 1)
}
