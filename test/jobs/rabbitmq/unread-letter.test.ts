import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from 'amqplib'
import { unreadLetter } from '../../../src/jobs/rabbitmq/unread-message.ts'

const message = { content: 'content', messageId: 'id', headers: { version: 2 }, queue: 'jobs' }

/** The id of the dead letter of a message, unless said otherwise the same one each time. */
function idOf(other: Partial<typeof message> = {}): string {
  const { content, messageId, headers, queue } = { ...message, ...other }
  const properties = { messageId, headers }
  const delivered = { content: Buffer.from(content), properties } as unknown as Message
  return unreadLetter(delivered, queue, Date.now()).id
}

test('a message that is delivered once more has the dead letter that it had', () => {
  const headers = { ...message.headers, 'x-delivery-count': 1 }
  assert.equal(idOf({ headers }), idOf())
})

test('messages that differ in anything else have dead letters of their own', () => {
  const others = [
    { content: 'other' },
    { messageId: 'other' },
    { headers: { version: 3 } },
    { queue: 'callbacks' },
  ]
  assert.equal(new Set([idOf(), ...others.map((other) => idOf(other))]).size, 5)
})
