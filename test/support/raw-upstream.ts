import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

/** An upstream of which every byte is known. */
export interface RawUpstream extends AsyncDisposable {
  readonly url: string
  /** The requests as they came over the wire, in order. */
  readonly requests: readonly string[]
  /** Open connections. */
  readonly sockets: ReadonlySet<Socket>
}

/** Answers one whole request, given as it came over the wire. */
export type RawAnswer = (socket: Socket, request: string) => void

/**
 * Starts a server on loopback that hands every whole request (by its Content-Length) to `answer` as
 * latin1 text, and writes nothing of its own.
 */
export async function startRawUpstream(answer: RawAnswer): Promise<RawUpstream> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let pending = ''
    socket.setEncoding('latin1')
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      pending += chunk
      for (let length = wholeLength(pending); length > 0; length = wholeLength(pending)) {
        const request = pending.slice(0, length)
        pending = pending.slice(length)
        requests.push(request)
        answer(socket, request)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    sockets,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Length of the first request when all of it is there, else 0. */
function wholeLength(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return 0
  const declared = /^content-length: *(\d+)/im.exec(text.slice(0, headEnd))?.[1] ?? '0'
  const length = headEnd + 4 + Number(declared)
  return text.length >= length ? length : 0
}
