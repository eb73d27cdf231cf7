import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP proxy in front of a broker, which lets the broker fail in ways of its own. */
export interface BrokerLink extends AsyncDisposable {
  /** Leads to the broker over the link. */
  readonly url: string
  /** From now on the broker only shows that it is alive, and answers nothing. */
  readonly mute: () => void
  /** The broker answers again, also what it was asked meanwhile. */
  readonly unmute: () => void
  /** Ends the present connections. */
  readonly cut: () => void
  /** Has the broker close each present connection together with its next answer. */
  readonly closeWithNextAnswer: () => void
  /** From now on no confirm arrives over the channels over which one has arrived. */
  readonly loseConfirms: () => void
  /** How often the broker was asked to close a connection. */
  readonly closings: () => number
  /** How often it was asked to open a channel. */
  readonly channelOpenings: () => number
  /** How often it was asked to close a channel. */
  readonly channelClosings: () => number
}

/** AMQP 0-9-1, section 4.2.3: type, channel, size, payload and an octet at the end. */
const frameOverheadBytes = 8
const heartbeat = 8

/** Class and method of `connection.close`, of `channel.open` and of `channel.close`. */
const closeMethod = Buffer.from('000a0032', 'hex')
const openChannelMethod = '\0\x14\0\n'
const closeChannelMethod = Buffer.from('00140028', 'hex')

/** Class and method of `basic.ack`, and where they are in a frame. */
const confirmMethod = Buffer.from('003c0050', 'hex')
const methodAt = 7

/** `connection.close` with the code 320, connection-forced, and no text. */
const close = Buffer.from('0100000000000b000a003201400000000000ce', 'hex')

/**
 * Opens a link.
 * @param url of the broker
 */
export async function openBrokerLink(url: string): Promise<BrokerLink> {
  const target = new URL(url)
  const nears = new Set<Socket>()
  const closing = new Set<Socket>()
  const held: (() => void)[] = []
  const confirming = new Set<number>()
  let losing: ReadonlySet<number> = new Set()
  let isMute = false
  let closings = 0
  let channelOpenings = 0
  let channelClosings = 0
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    let rest: Buffer = Buffer.alloc(0)
    nears.add(near)
    for (const socket of [near, far]) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        near.destroy()
        far.destroy()
        nears.delete(near)
      })
    }
    near.on('data', (bytes: Buffer) => {
      if (bytes.includes(closeMethod)) closings += 1
      channelOpenings += bytes.toString('latin1').split(openChannelMethod).length - 1
      if (bytes.includes(closeChannelMethod)) channelClosings += 1
      far.write(bytes)
    })
    far.on('data', (bytes: Buffer) => {
      const { frames, rest: incomplete } = framesOf(Buffer.concat([rest, bytes]))
      rest = incomplete
      for (const frame of frames) {
        if (frame.subarray(methodAt).indexOf(confirmMethod) === 0) {
          const channel = frame.readUInt16BE(1)
          confirming.add(channel)
          if (losing.has(channel)) continue
        }
        const isAnswer = frame[0] !== heartbeat
        const sent = isAnswer && closing.delete(near) ? Buffer.concat([frame, close]) : frame
        if (isAnswer && isMute) held.push(() => near.write(sent))
        else near.write(sent)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = new URL(url)
  own.port = String((server.address() as AddressInfo).port)
  return {
    url: own.href,
    mute: () => {
      isMute = true
    },
    unmute: () => {
      isMute = false
      for (const write of held.splice(0)) write()
    },
    cut: () => {
      for (const near of nears) near.destroy()
    },
    closeWithNextAnswer: () => {
      for (const near of nears) closing.add(near)
    },
    loseConfirms: () => {
      losing = new Set(confirming)
    },
    closings: () => closings,
    channelOpenings: () => channelOpenings,
    channelClosings: () => channelClosings,
    [Symbol.asyncDispose]: async () => {
      for (const near of nears) near.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function framesOf(bytes: Buffer): { frames: readonly Buffer[]; rest: Buffer } {
  const frames: Buffer[] = []
  let start = 0
  while (bytes.length - start >= frameOverheadBytes) {
    const end = start + frameOverheadBytes + bytes.readUInt32BE(start + 3)
    if (end > bytes.length) break
    frames.push(bytes.subarray(start, end))
    start = end
  }
  return { frames, rest: bytes.subarray(start) }
}
