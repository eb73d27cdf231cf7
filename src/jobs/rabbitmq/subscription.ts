import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'
import { type Broker, openQuietly, untilFarewell } from './broker.ts'
import type { Source } from './queue-names.ts'

/** The right to say what becomes of a message; void once its channel is gone, and then does nothing. */
export interface Receipt {
  /** The message is dealt with. */
  readonly acknowledge: () => void
  /** The message goes back to the front of its queue. */
  readonly giveBack: () => void
  readonly isVoid: () => boolean
}

/** Told of what is delivered. */
export interface Subscriber {
  readonly onMessage: (message: ConsumeMessage, receipt: Receipt) => void
  /** All receipts so far are void; what they were for is delivered again, here or elsewhere. */
  readonly onLost: () => void
}

/** A consumer of several queues. */
export interface Subscription {
  /** Gives back what is not acknowledged. */
  readonly close: () => Promise<void>
}

/** Consumes queues on one channel, and on a new one whenever it is lost. */
export function subscribe(
  broker: Broker,
  sources: readonly Source[],
  subscriber: Subscriber,
): Subscription {
  let isClosed = false
  let current: Channel | undefined

  async function consumeOn(connection: ChannelModel): Promise<void> {
    const channel = await openQuietly(connection.createChannel())
    let isGone = false
    current = channel
    channel.on('close', () => {
      isGone = true
      subscriber.onLost()
      // What made the broker close it, such as a queue that was deleted, needs all to be declared anew.
      if (!isClosed) connection.close().catch(() => undefined)
    })
    for (const { queue, prefetch } of sources) {
      // For the consumers that come after it on the channel, each.
      await channel.prefetch(prefetch)
      await channel.consume(queue, (message) => {
        // The broker has ended the consumer.
        if (message === null) channel.close().catch(() => undefined)
        else
          subscriber.onMessage(
            message,
            receiptOf(channel, message, () => isGone),
          )
      })
    }
    if (isClosed) await channel.close()
  }

  broker.onConnection((connection) => {
    // A connection that breaks meanwhile is made anew, and comes here again.
    if (!isClosed) consumeOn(connection).catch(() => undefined)
  })

  return {
    close: async () => {
      isClosed = true
      if (current !== undefined) await untilFarewell(current.close())
    },
  }
}

function receiptOf(channel: Channel, message: ConsumeMessage, isGone: () => boolean): Receipt {
  function unlessGone(act: () => void): void {
    if (isGone()) return
    try {
      act()
    } catch {
      // The channel is closing.
    }
  }
  return {
    acknowledge: () => unlessGone(() => channel.ack(message)),
    giveBack: () => unlessGone(() => channel.nack(message, false, true)),
    isVoid: isGone,
  }
}
