import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'
import type { AskBroker } from './ask-broker.ts'
import { type Broker, openQuietly, untilFarewell } from './broker.ts'
import type { Source } from './queue-names.ts'

/** Settles a delivered message. It becomes void, and does nothing any more, once it has done so or the channel is gone. */
export interface Receipt {
  /** Tells the broker that the message has been dealt with. */
  readonly acknowledge: () => void
  /** Returns the message to the front of its queue. */
  readonly giveBack: () => void
  readonly isVoid: () => boolean
}

/** Gets the messages that are delivered. */
export interface Subscriber {
  /** @param queue that it was delivered from */
  readonly onMessage: (message: ConsumeMessage, receipt: Receipt, queue: string) => void
  /** All receipts so far are void; their messages are delivered again, here or elsewhere. */
  readonly onLost: () => void
}

/**
 * Consumes queues on one channel, and on a new one whenever that is lost.
 * @returns ends it; messages that are not acknowledged go back to the broker
 */
export function subscribe(
  broker: Broker,
  sources: readonly Source[],
  subscriber: Subscriber,
): () => Promise<void> {
  let isClosed = false
  let current: Channel | undefined

  async function consumeOn(connection: ChannelModel, ask: AskBroker): Promise<void> {
    const channel = await openQuietly(connection.createChannel(), ask)
    let isGone = false
    current = channel
    channel.on('close', () => {
      isGone = true
      subscriber.onLost()
      // The broker closes a channel, say, when a queue was deleted. A new connection declares everything again.
      if (!isClosed) connection.close().catch(() => undefined)
    })
    for (const { queue, prefetch } of sources) {
      // Applies to each consumer that is started on the channel after it.
      await ask(channel.prefetch(prefetch))
      const consuming = channel.consume(queue, (message) => {
        // The broker has ended the consumer.
        if (message === null) channel.close().catch(() => undefined)
        else
          subscriber.onMessage(
            message,
            receiptOf(channel, message, () => isGone),
            queue,
          )
      })
      await ask(consuming)
    }
    if (isClosed) await channel.close()
  }

  broker.onConnection(async (connection, ask) => {
    if (isClosed) return
    await consumeOn(connection, ask).catch((error: unknown) => {
      if (!isClosed) throw error
    })
  })

  return async () => {
    isClosed = true
    if (current !== undefined) await untilFarewell(current.close())
  }
}

function receiptOf(channel: Channel, message: ConsumeMessage, isGone: () => boolean): Receipt {
  let isSettled = false
  const isVoid = () => isSettled || isGone()
  function settle(act: () => void): void {
    if (isVoid()) return
    isSettled = true
    try {
      act()
    } catch {
      // The channel is closing.
    }
  }
  return {
    acknowledge: () => settle(() => channel.ack(message)),
    giveBack: () => settle(() => channel.nack(message, false, true)),
    isVoid,
  }
}
