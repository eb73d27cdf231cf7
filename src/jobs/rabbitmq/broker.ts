import { setTimeout as delay } from 'node:timers/promises'
import {
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  connect,
  type RecoveringChannelModel,
} from 'amqplib'
import { waitForAll } from '../wait-for-all.ts'
import { type AskBroker, askWithin } from './ask-broker.ts'
import { brokerError, brokerErrorCode } from './broker-error.ts'
import type { ConnectionNotes } from './outage.ts'
import { type Publish, publisherOn } from './publisher.ts'

/** How the broker is reached. */
export interface BrokerSettings extends ConnectionNotes {
  /** `amqp://` or `amqps://`, with name and password; a certificate that does not verify is refused. */
  readonly url: string
  /** PEM of the authorities that may sign its certificate; those of the system if left out. */
  readonly ca?: string | undefined
  /** Longest wait for a confirm or another answer, milliseconds; that for a set-up is ten times as long. */
  readonly deadlineMs: number
  /** Declares queues and exchanges on each new connection, before anything else uses it. */
  readonly declare: UseChannel<void>
}

/** Uses a channel; `ask` bounds the wait for each answer that comes over it. */
export type UseChannel<Result> = (channel: Channel, ask: AskBroker) => Promise<Result>

/** Uses a connection; `ask` is as patient as for a set-up. */
export type UseConnection = (connection: ChannelModel, ask: AskBroker) => Promise<void>

/** A connection to a broker, made again whenever it is lost. */
export interface Broker {
  /**
   * Publishes a message; resolves when a majority of the broker's nodes has it on disk. Rejects within the deadline
   * if that is not known; the message may be there all the same.
   */
  readonly publish: Publish
  /** Acts on a separate channel, which is closed afterwards; messages that were got and not acknowledged go back. */
  readonly withChannel: <Result>(act: UseChannel<Result>) => Promise<Result>
  /** Calls back with the present connection and with each new one, which is only there once that resolves. */
  readonly onConnection: (use: UseConnection) => void
  readonly isAway: () => boolean
  readonly close: () => Promise<void>
}

/** What is published on. */
interface Current {
  readonly connection: ChannelModel
  readonly channel: ConfirmChannel
  readonly publish: Publish
}

/** A broker that is silent for twice this time counts as lost; seconds. */
const heartbeatSeconds = 5

/** How many deadlines each step of a set-up may take; to make a queue takes longer than to confirm a message. */
const deadlinesForSetUp = 10

/** The codes for a queue that is not there. */
const isMissing: ReadonlySet<string> = new Set(['BROKER_HAS_NO_QUEUE', 'AMQP_404'])

/** The codes of what can stay so on a channel, though not on another one. */
const mayLast: ReadonlySet<string> = new Set(['BROKER_TIMEOUT', 'BROKER_REFUSED'])

/** How long the start of the gateway waits for the first connection and its set-up, which then go on, milliseconds. */
const firstAttemptMs = 10_000

/** Connects; resolves after the first attempt, even if that fails, or after ten seconds if it takes longer. */
export async function openBroker(settings: BrokerSettings): Promise<Broker> {
  const { deadlineMs, declare, onLost, onConnected } = settings
  const ask = askWithin(deadlineMs)
  const askPatiently = askWithin(deadlineMs * deadlinesForSetUp)
  const users: UseConnection[] = []
  let current: Current | undefined
  let settingUp: ChannelModel | undefined
  let isChanging = false
  let isBlocked = false
  let isLeft = false

  function lost(error: unknown): void {
    if (isLeft) return
    current = undefined
    onLost(brokerErrorCode(error))
  }

  function usable(): Current {
    if (current === undefined) throw brokerError('BROKER_AWAY')
    // The broker would read what it is sent only when it has room again, long after the deadline.
    if (isBlocked) throw brokerError('BROKER_FULL')
    return current
  }

  /** The error to throw for one of RabbitMQ. If somebody has deleted a queue, all are declared anew, on a new connection. */
  function failed(connection: ChannelModel, error: unknown): Error {
    const code = brokerErrorCode(error)
    if (isMissing.has(code)) connection.close().catch(() => undefined)
    return brokerError(code)
  }

  async function setUp(connection: ChannelModel): Promise<void> {
    // amqplib itself listens only after the set-up. Without a listener an error would end the process.
    connection.on('error', () => undefined)
    settingUp = connection
    try {
      await declareOn(connection)
    } catch (error) {
      // amqplib closes it too, and would wait for an answer that may not come either.
      connection.close().catch(() => undefined)
      throw error
    } finally {
      settingUp = undefined
    }
  }

  async function declareOn(connection: ChannelModel): Promise<void> {
    const channel = await openPublishing(connection, askPatiently)
    let isClosed = false
    channel.on('close', () => {
      isClosed = true
    })
    await declare(channel, askPatiently)
    // If it were there already, a broker that refuses this would be asked several times a second.
    for (const use of users) await use(connection, askPatiently)
    // It may have been closed together with the last answer, before amqplib listens.
    if (isClosed) throw brokerError('BROKER_AWAY')
    isBlocked = false
    current = { connection, channel, publish: publisherOn(channel, ask) }
  }

  async function openPublishing(
    connection: ChannelModel,
    asking: AskBroker,
  ): Promise<ConfirmChannel> {
    const channel = await openQuietly(connection.createConfirmChannel(), asking)
    channel.on('close', () => {
      if (current?.channel !== channel) return
      current = undefined
      // Once the broker has closed the channel, everything is made anew.
      connection.close().catch(() => undefined)
    })
    return channel
  }

  /**
   * Publishes on a new channel from now on, unless that was changed just now. If a cluster loses a message between two of
   * its nodes, RabbitMQ before 4.2 may confirm nothing more that comes over the same channel (its pull request 14589).
   * And what it has once refused for the length of a queue, it refuses there although the limit is taken away (seen with
   * 3.10).
   */
  async function changeChannel(before: Current): Promise<void> {
    if (isChanging || current !== before) return
    isChanging = true
    try {
      const { connection } = before
      const channel = await openPublishing(connection, ask)
      if (current !== before) return
      current = { connection, channel, publish: publisherOn(channel, ask) }
      // Others may wait for their confirms on the old one, though no longer than this.
      await delay(deadlineMs, undefined, { ref: false })
      await untilFarewell(before.channel.close())
    } finally {
      isChanging = false
    }
  }

  const recovering: RecoveringChannelModel = await connect(addressOf(settings.url), {
    ...(settings.ca !== undefined && { ca: settings.ca }),
    noDelay: true,
    timeout: 5_000,
    clientProperties: { connection_name: 'magegate' },
    recovery: {
      initialDelay: 100,
      maxDelay: 2_000,
      waitForConnect: false,
      setup: setUp,
    },
  })
  recovering.on('error', lost)
  recovering.on('disconnect', lost)
  recovering.on('connect-failed', lost)
  recovering.on('blocked', () => {
    isBlocked = true
  })
  recovering.on('unblocked', () => {
    isBlocked = false
  })
  recovering.on('connect', onConnected)
  const first = Promise.withResolvers<void>()
  for (const event of ['connect', 'connect-failed']) recovering.once(event, () => first.resolve())
  const tooLate = setTimeout(() => {
    onLost('BROKER_TIMEOUT')
    first.resolve()
  }, firstAttemptMs)
  await first.promise
  clearTimeout(tooLate)

  return {
    publish: async (...message) => {
      const used = usable()
      try {
        await used.publish(...message)
      } catch (error) {
        if (mayLast.has(brokerErrorCode(error))) changeChannel(used).catch(() => undefined)
        throw failed(used.connection, error)
      }
    },
    withChannel: async (act) => {
      const { connection } = usable()
      try {
        const channel = await openQuietly(connection.createChannel(), ask)
        try {
          return await act(channel, ask)
        } finally {
          await untilFarewell(channel.close())
        }
      } catch (error) {
        throw failed(connection, error)
      }
    },
    onConnection: (use) => {
      users.push(use)
      const connection = current?.connection
      if (connection === undefined) return
      // Then a new one is made, and comes here again.
      use(connection, askPatiently).catch(() => connection.close().catch(() => undefined))
    },
    isAway: () => current === undefined || isBlocked,
    close: async () => {
      current = undefined
      isLeft = true
      // amqplib closes it only once it is set up, and it would keep the process until then.
      settingUp?.close().catch(() => undefined)
      await untilFarewell(recovering.close())
    },
  }
}

/** Longest wait for the broker's answer when something is closed, milliseconds; a broker that is lost gives none. */
const farewellMs = 500

/** Waits until something is closed, or has failed to close, but not for long. */
export async function untilFarewell(closing: Promise<unknown>): Promise<void> {
  const ignore = () => undefined
  await waitForAll([closing.then(ignore, ignore)], farewellMs)
}

/** Opens a channel whose errors show only in that it closes; without a listener they would end the process. */
export async function openQuietly<Opened extends Channel | ConfirmChannel>(
  opening: Promise<Opened>,
  ask: AskBroker,
): Promise<Opened> {
  const quiet = opening.then((channel) => {
    channel.on('error', () => undefined)
    return channel
  })
  try {
    return await ask(quiet)
  } catch (error) {
    // If it opens later, nobody uses it.
    quiet.then((channel) => channel.close()).catch(() => undefined)
    throw error
  }
}

function addressOf(url: string): string {
  const address = new URL(url)
  if (!address.searchParams.has('heartbeat')) {
    address.searchParams.set('heartbeat', String(heartbeatSeconds))
  }
  return address.href
}
