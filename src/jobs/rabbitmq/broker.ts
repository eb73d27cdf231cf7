import {
  type Channel,
  type ChannelModel,
  type ConfirmChannel,
  connect,
  type RecoveringChannelModel,
} from 'amqplib'
import { waitForAll } from '../wait-for-all.ts'
import { brokerError, brokerErrorCode } from './broker-error.ts'
import { type Publish, publisherOn } from './publisher.ts'

/** How the broker is reached. */
export interface BrokerSettings {
  /** `amqp://` or `amqps://`, with name and password; a certificate that does not verify is refused. */
  readonly url: string
  /** PEM of the authorities that may sign its certificate; those of the system if left out. */
  readonly ca?: string | undefined
  /** Longest wait for a confirm, milliseconds. */
  readonly deadlineMs: number
  /** Declares queues and exchanges on each new connection, before anything else uses it. */
  readonly declare: (channel: Channel) => Promise<void>
  /** Told once when the broker is lost, with a code, and once when it is back. */
  readonly onChange: (lostCode: string | undefined) => void
}

/** A connection to a broker, made again whenever it is lost. */
export interface Broker {
  /**
   * Publishes a message; resolves when a majority of the broker's nodes has it on disk. Rejects within the deadline
   * if that is not known; the message may be there all the same.
   */
  readonly publish: Publish
  /** Acts on a separate channel, which is closed afterwards; messages that were got and not acknowledged go back. */
  readonly withChannel: <Result>(act: (channel: Channel) => Promise<Result>) => Promise<Result>
  /** Calls back with the present connection and with each new one. */
  readonly onConnection: (use: (connection: ChannelModel) => void) => void
  readonly isAway: () => boolean
  readonly close: () => Promise<void>
}

/** A broker that is silent for twice this time counts as lost; seconds. */
const heartbeatSeconds = 5

/** Connects; resolves after the first attempt, even if that fails. */
export async function openBroker(settings: BrokerSettings): Promise<Broker> {
  const { deadlineMs, declare, onChange } = settings
  const users: ((connection: ChannelModel) => void)[] = []
  let current: { readonly connection: ChannelModel; readonly publish: Publish } | undefined
  let isAnnounced = false
  let isBlocked = false

  function lost(error: unknown): void {
    current = undefined
    if (isAnnounced) return
    isAnnounced = true
    onChange(brokerErrorCode(error))
  }

  async function setUp(connection: ChannelModel): Promise<void> {
    const channel = await openQuietly(connection.createConfirmChannel())
    await declare(channel)
    isBlocked = false
    current = { connection, publish: publisherOn(channel, deadlineMs) }
    channel.on('close', () => {
      if (current?.connection !== connection) return
      current = undefined
      // Once the broker has closed the channel, everything is made anew.
      connection.close().catch(() => undefined)
    })
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
  recovering.on('connect', (connection) => {
    if (isAnnounced) onChange(undefined)
    isAnnounced = false
    for (const use of users) use(connection)
  })
  await new Promise<void>((resolve) => {
    recovering.on('connect', () => resolve())
    recovering.on('connect-failed', () => resolve())
  })

  return {
    publish: async (...message) => {
      if (current === undefined) throw brokerError('BROKER_AWAY')
      // The broker would read the message only when it has room again, long after the deadline.
      if (isBlocked) throw brokerError('BROKER_FULL')
      await current.publish(...message)
    },
    withChannel: async (act) => {
      if (current === undefined) throw brokerError('BROKER_AWAY')
      const channel = await openQuietly(current.connection.createChannel())
      try {
        return await act(channel)
      } catch (error) {
        throw brokerError(brokerErrorCode(error))
      } finally {
        await channel.close().catch(() => undefined)
      }
    },
    onConnection: (use) => {
      users.push(use)
      if (current !== undefined) use(current.connection)
    },
    isAway: () => current === undefined || isBlocked,
    close: async () => {
      current = undefined
      await untilFarewell(recovering.close())
    },
  }
}

/** Longest wait for the broker's answer when something is closed, milliseconds; a broker that is lost gives none. */
const farewellMs = 2_000

/** Waits until something is closed, or has failed to close, but not for long. */
export async function untilFarewell(closing: Promise<unknown>): Promise<void> {
  const ignore = () => undefined
  await waitForAll([closing.then(ignore, ignore)], farewellMs)
}

/** Opens a channel whose errors show only in that it closes; without a listener they would end the process. */
export async function openQuietly<Opened extends Channel | ConfirmChannel>(
  opening: Promise<Opened>,
): Promise<Opened> {
  const channel = await opening
  channel.on('error', () => undefined)
  return channel
}

function addressOf(url: string): string {
  const address = new URL(url)
  if (!address.searchParams.has('heartbeat')) {
    address.searchParams.set('heartbeat', String(heartbeatSeconds))
  }
  return address.href
}
