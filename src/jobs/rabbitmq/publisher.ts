import { randomUUID } from 'node:crypto'
import type { ConfirmChannel } from 'amqplib'
import type { AskBroker } from './ask-broker.ts'
import { brokerError, brokerErrorCode } from './broker-error.ts'
import type { OutgoingMessage } from './message.ts'

/**
 * Sends a message to a queue; resolves when the broker has confirmed it.
 * @param exchange to send it through; by default it goes straight to the queue
 */
export type Publish = (queue: string, message: OutgoingMessage, exchange?: string) => Promise<void>

/**
 * Publishes on a channel with confirms. A message that reaches no queue comes back before its confirm, and counts as
 * refused.
 * @param ask bounds the wait for the confirm
 */
export function publisherOn(channel: ConfirmChannel, ask: AskBroker): Publish {
  const returned = new Set<unknown>()
  channel.on('return', ({ properties }) => returned.add(properties.correlationId))
  // Set before amqplib calls back for what will not be confirmed any more.
  let closedCode: string | undefined
  channel.prependListener('error', (error) => {
    closedCode = brokerErrorCode(error)
  })
  channel.prependListener('close', () => {
    closedCode ??= 'BROKER_AWAY'
  })
  return (queue, { content, ...options }, exchange = '') =>
    ask(
      new Promise<void>((resolve, reject) => {
        const correlationId = randomUUID()
        const settle = (error: unknown) => {
          const isReturned = returned.delete(correlationId)
          if (isReturned) reject(brokerError('BROKER_HAS_NO_QUEUE'))
          else if (error) reject(brokerError(closedCode ?? 'BROKER_REFUSED'))
          else resolve()
        }
        const sent = { ...options, correlationId, persistent: true, mandatory: true }
        channel.publish(exchange, queue, content, sent, settle)
      }),
    )
}
