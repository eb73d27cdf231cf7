import type { Message } from 'amqplib'
import type { DeadLetter, QueueEntry } from '../durable-queue.ts'
import { isEpochMs } from '../job.ts'

/** What is known about the deliveries of an entry so far. */
export interface Past {
  readonly attempts: number
  readonly isInterrupted: boolean
  readonly isUntouched: boolean
}

/** An entry as it is stored in the broker. */
export interface StoredEntry extends QueueEntry {
  /** Milliseconds since the epoch. */
  readonly putAtMs: number
  /** The entry is not delivered before this time; milliseconds since the epoch. Absent for at once. */
  readonly notBeforeMs?: number
  /** Absent before the first delivery; used if the records have lost it. */
  readonly past?: Past
  /** Whether the payload is another one than the entry was put with. */
  readonly isChanged?: boolean
  /** The queue from which it was taken because its message was not understood; absent for an entry of ours. */
  readonly unreadFrom?: string
}

/** How and when an entry became a dead letter. */
export type Death = Omit<DeadLetter, keyof QueueEntry>

/** A message to be sent. */
export interface OutgoingMessage {
  readonly content: Buffer
  readonly messageId: string
  readonly headers: Readonly<Record<string, unknown>>
  /** After so many milliseconds in a queue the broker drops it. */
  readonly expiration?: string
}

/** All but id and payload, as JSON. */
type Header = Omit<StoredEntry, 'id' | 'payload'> & { readonly death?: Death }

/** The message of an entry. */
export function messageOf({ id, payload, ...header }: StoredEntry, death?: Death): OutgoingMessage {
  const whole: Header = { ...header, ...(death && { death }) }
  return { content: payload, messageId: id, headers: { entry: JSON.stringify(whole) } }
}

/** The entry of a message, and how it died; undefined if the message is not one of ours that we understand. */
export function entryOf({
  content,
  properties,
}: Message): { readonly entry: StoredEntry; readonly death: Death | undefined } | undefined {
  const { messageId, headers } = properties
  const text: unknown = headers?.entry
  if (typeof messageId !== 'string' || typeof text !== 'string') return undefined
  try {
    const { death, ...header } = JSON.parse(text) as Header
    if (!isWhole(header, death)) return undefined
    return { entry: { ...header, id: messageId, payload: content }, death }
  } catch {
    return undefined
  }
}

function isWhole(header: Partial<Omit<Header, 'death'>>, death?: Partial<Death>): boolean {
  const { owner, orderKey, putAtMs, expiresAtMs, notBeforeMs, past } = header
  // Redis takes nothing else, and would count as away for all jobs.
  const numbers = [putAtMs, expiresAtMs, notBeforeMs ?? 0, past ? past.attempts : 0]
  return (
    typeof owner === 'string' &&
    typeof (orderKey ?? '') === 'string' &&
    numbers.every(Number.isSafeInteger) &&
    (death === undefined || isEpochMs(death.diedAtMs))
  )
}
