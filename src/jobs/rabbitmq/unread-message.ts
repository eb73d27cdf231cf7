import { createHash } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import type { Message } from 'amqplib'
import type { Death, OutgoingMessage, StoredEntry } from './message.ts'

/*
 * A message that this process does not understand was put by a later version, or by somebody else. It becomes a dead
 * letter: it is not lost, an operator sees it, and it holds up nothing.
 */

/**
 * The dead letter of a message that is not understood. Its id follows from the message, so that copies count as one.
 * @param queue in which it was
 * @param nowMs milliseconds since the epoch
 */
export function unreadLetter(
  { content, properties }: Message,
  queue: string,
  nowMs: number,
): StoredEntry & Death {
  const { headers: delivered = {}, messageId } = properties
  // The broker adds this, and it differs from one delivery to the next.
  const { 'x-delivery-count': _, ...headers } = delivered
  const digest = createHash('sha256')
    .update(JSON.stringify([queue, messageId, headers]))
    .update(content)
    .digest('base64url')
  return {
    id: `unread-${digest.slice(0, 22)}`,
    owner: '-',
    // Not every header that is read can be written as AMQP again, such as a time far away, or very long ones.
    payload: serialize({ content, messageId, headers } satisfies OutgoingMessage),
    putAtMs: nowMs,
    expiresAtMs: nowMs,
    unreadFrom: queue,
    attempts: 0,
    diedAtMs: nowMs,
    reason: `a message of ${queue} is not understood`,
  }
}

/** The message that the dead letter in a message was made of. */
export function originalOf({ content }: Message): OutgoingMessage {
  return deserialize(content)
}
