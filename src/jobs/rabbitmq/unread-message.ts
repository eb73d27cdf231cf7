import { createHash } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import type { Message } from 'amqplib'
import { type Death, messageOf, type OutgoingMessage } from './message.ts'

/*
 * A message that this process does not understand was put by a later version, or by somebody else. It becomes a dead
 * letter: it is not lost, an operator sees it, and it holds up nothing.
 */

/**
 * The dead letter of a message that is not understood. Its id follows from the message, so that copies count as one.
 * @param queue that it was delivered from
 * @param nowMs milliseconds since the epoch
 */
export function unreadLetter(
  { content, properties }: Message,
  queue: string,
  nowMs: number,
): OutgoingMessage {
  const { headers: delivered = {}, messageId } = properties
  // The broker adds this, and it differs from one delivery to the next.
  const { 'x-delivery-count': _, ...headers } = delivered
  const digest = createHash('sha256')
    .update(JSON.stringify([queue, messageId, headers]))
    .update(content)
    .digest('base64url')
  const entry = {
    id: `unread-${digest.slice(0, 22)}`,
    owner: '-',
    // Not every header that is read can be written as AMQP again, such as a time far away, or very long ones.
    payload: serialize({ content, messageId, headers } satisfies OutgoingMessage),
    putAtMs: nowMs,
    expiresAtMs: nowMs,
    unreadFrom: queue,
  }
  const reason = `a message of ${queue} is not understood`
  const death: Death = { attempts: 0, diedAtMs: nowMs, reason }
  return messageOf(entry, death)
}

/** The message that {@link unreadLetter} was made of. */
export function originalOf({ content }: Message): OutgoingMessage {
  return deserialize(content)
}
