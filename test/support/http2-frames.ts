import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { pem } from './tls/pem.ts'

/** Types and flags of frames (RFC 9113, section 6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const
export const endStream = 0x1
export const endHeaders = 0x4

/** One frame. */
export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** Fields as literals without an index and without Huffman coding (RFC 7541, section 6.2.2). */
export function literals(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  const text = (value: string) => {
    const bytes = Buffer.from(value, 'latin1')
    // A length of seven bits, and of more in a second byte.
    const length = bytes.length < 127 ? [bytes.length] : [127, bytes.length - 127]
    if (bytes.length >= 255) throw new Error('too long for a test')
    return Buffer.concat([Buffer.from(length), bytes])
  }
  return Buffer.concat(
    fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]),
  )
}

/** The fields of a GET over TLS. */
export function getFields(
  path: string,
  authorization?: string,
): readonly (readonly [name: string, value: string])[] {
  return [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', 'a'],
    [':path', path],
    ...(authorization === undefined ? [] : ([['authorization', authorization]] as const)),
  ]
}

/** A whole GET on a stream. */
export function getFrame(stream: number, path: string, authorization?: string): Buffer {
  const fields = literals(getFields(path, authorization))
  return frame(frameTypes.headers, endStream | endHeaders, stream, fields)
}

/** What a server has sent on a connection of which each frame is written by hand. */
export interface RawHttp2 extends Disposable {
  readonly socket: TLSSocket
  /** Resolves with all frames when the other side has ended the connection. */
  readonly ended: Promise<readonly ReceivedFrame[]>
  /** Resolves with the first frame of a type on a stream, or with a later one of them, counted from 0. */
  readonly firstOf: (type: number, stream: number, index?: number) => Promise<ReceivedFrame>
}

/** A frame as it came. */
export interface ReceivedFrame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

/**
 * Opens a connection, agrees on HTTP/2 and sends the preface and empty settings.
 * @param options `allowHalfOpen` to leave it to the caller to close its side; `socket` to use a connection that is there
 */
export async function openRawHttp2(
  url: string,
  options: { readonly allowHalfOpen?: boolean; readonly socket?: Socket } = {},
): Promise<RawHttp2> {
  const { hostname, port } = new URL(url)
  const ca = pem('loopback.cert')
  const socket = connect({
    ...options,
    ...{ host: hostname, port: Number(port), ca, ALPNProtocols: ['h2'] },
  })
  await once(socket, 'secureConnect')
  socket.on('error', () => undefined)
  const frames: ReceivedFrame[] = []
  let pending = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= 9 && pending.length >= 9 + pending.readUIntBE(0, 3)) {
      const end = 9 + pending.readUIntBE(0, 3)
      const [type, flags] = [pending.readUInt8(3), pending.readUInt8(4)]
      const stream = pending.readUInt32BE(5) & 0x7fff_ffff
      frames.push({ type, flags, stream, payload: pending.subarray(9, end) })
      pending = pending.subarray(end)
      socket.emit('frame')
    }
  })
  const ended = new Promise<readonly ReceivedFrame[]>((resolve) => {
    socket.once('close', () => resolve(frames))
  })
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  socket.write(frame(frameTypes.settings, 0, 0, Buffer.alloc(0)))
  return {
    socket,
    ended,
    firstOf: async (type, stream, index = 0) => {
      for (;;) {
        const found = frames.filter((each) => each.type === type && each.stream === stream)[index]
        if (found !== undefined) return found
        if (socket.destroyed) throw new Error('the connection is closed')
        await Promise.race([once(socket, 'frame'), ended])
      }
    },
    [Symbol.dispose]: () => socket.destroy(),
  }
}
