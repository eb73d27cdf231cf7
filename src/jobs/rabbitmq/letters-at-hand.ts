import type { Channel, GetMessage } from 'amqplib'
import { BackendError } from '../job-backend.ts'
import type { AskBroker } from './ask-broker.ts'
import type { Broker } from './broker.ts'
import { brokerError, brokerErrorCode } from './broker-error.ts'
import { type Death, entryOf, type StoredEntry } from './message.ts'
import { unreadLetter } from './unread-message.ts'

/** A dead letter, and its message, which is held. */
export interface FoundLetter {
  readonly message: GetMessage
  readonly letter: StoredEntry & Death
}

/** The letters that this process holds, on their channel. */
export interface HeldLetters {
  readonly channel: Channel
  readonly ask: AskBroker
  found: readonly FoundLetter[]
  /** Gives the letters back to the queue. */
  readonly letGo: () => void
}

/** Reads the dead letters of a queue. */
export interface LettersAtHand {
  /** Holds all letters that are in the queue while they are used; at most one use at a time. */
  readonly read: <Result>(use: (held: HeldLetters) => Promise<Result>) => Promise<Result>
  /** How many letters are held at present. */
  readonly count: () => number
}

/** How long letters are held after they were used, milliseconds: whoever takes one mostly takes others too. */
const lingerMs = 500

/**
 * A broker offers no way to one letter but reading the whole queue. So the letters stay at hand for a moment, and go back
 * to their places then. Until that, other processes do not see them.
 * @param clock milliseconds since the epoch
 */
export function lettersAtHand(broker: Broker, queue: string, clock: () => number): LettersAtHand {
  // Uses wait for each other, so that they do not hide letters from one another.
  let last: Promise<unknown> = Promise.resolve()
  let atHand: HeldLetters | undefined
  let linger: NodeJS.Timeout | undefined
  // Resolves when the last channel is closed, and its letters are back in the queue.
  let closed: Promise<void> = Promise.resolve()

  async function open(): Promise<HeldLetters> {
    await closed
    return new Promise((resolve, reject) => {
      const holding = broker.withChannel((channel, ask) => {
        return new Promise<void>((end) => {
          const letGo = () => {
            if (atHand === held) atHand = undefined
            end()
          }
          const held: HeldLetters = { channel, ask, found: [], letGo }
          channel.once('close', letGo)
          atHand = held
          resolve(held)
        })
      })
      closed = holding.catch(reject)
    })
  }

  return {
    read: (use) => {
      const reading = last.then(async () => {
        clearTimeout(linger)
        const held = atHand ?? (await open())
        try {
          held.found = [...held.found, ...(await nextLetters(held, queue, clock))]
          return await use(held)
        } catch (error) {
          held.letGo()
          // One of ours tells already what cannot be used, which may be Redis.
          throw error instanceof BackendError ? error : brokerError(brokerErrorCode(error))
        } finally {
          linger = setTimeout(held.letGo, lingerMs).unref()
        }
      })
      last = reading.catch(() => undefined)
      return reading
    },
    count: () => atHand?.found.length ?? 0,
  }
}

async function nextLetters(
  { channel, ask }: HeldLetters,
  queue: string,
  clock: () => number,
): Promise<readonly FoundLetter[]> {
  const found: FoundLetter[] = []
  for (;;) {
    const message = await ask(channel.get(queue))
    if (message === false) return found
    const { entry, death } = entryOf(message) ?? {}
    const letter = entry && death ? { ...entry, ...death } : unreadLetter(message, queue, clock())
    found.push({ message, letter })
  }
}
