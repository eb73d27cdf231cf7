import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

/** An upstream of which every byte is known. */
export interface RawUpstream extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** The requests as they came over the wire, in order. */
  readonly requests: readonly string[]
  /** Open connections. */
  readonly sockets: ReadonlySet<Socket>
  /** What the requests from now on are answered by. */
  answer: RawAnswer
  /** Resolves when so many requests have come since the start. */
  readonly requestsReach: (count: number) => Promise<void>
  /** Resolves when no more than so many connections are open. */
  readonly socketsFallTo: (count: number) => Promise<void>
  /** Lets the port go and ends every connection; the next ones are refused. */
  readonly pause: () => Promise<void>
  /** Takes the port again. */
  readonly resume: () => Promise<void>
}

/** Answers one whole request, given as it came over the wire. */
export type RawAnswer = (socket: Socket, request: string) => void

/** What an upstream answers; what is left out is a 200 without a body. */
export interface UpstreamAnswer {
  readonly status?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Writes an answer with its length. */
export function answerWith(
  socket: Socket,
  { status = '200 OK', headers = {}, body = '' }: UpstreamAnswer,
): void {
  const lines = Object.entries({ ...headers, 'Content-Length': String(body.length) })
  const fields = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`HTTP/1.1 ${status}\r\n${fields}\r\n${body}`, 'latin1')
}

/** Answers with an empty object in JSON, for tests that are about something else. */
export function answerEmpty(socket: Socket): void {
  answerWith(socket, { headers: { 'Content-Type': 'application/json' }, body: '{}' })
}

/**
 * Starts a server on loopback that hands every whole request (by its Content-Length) to `answer` as
 * latin1 text, and writes nothing of its own.
 * @param tls speaks TLS with this certificate and key, PEM, when given
 * @param port any that is free if left out; others may then take it during a pause
 */
export async function startRawUpstream(
  answer: RawAnswer = answerEmpty,
  tls?: { readonly cert: string; readonly key: string },
  port = 0,
): Promise<RawUpstream> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const check of waiting) check()
  }
  function until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!isSo()) return
        waiting.delete(check)
        resolve()
      }
      waiting.add(check)
      check()
    })
  }

  const onSocket = (socket: Socket) => {
    let pending = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      pending += chunk
      for (let length = wholeLength(pending); length > 0; length = wholeLength(pending)) {
        const request = pending.slice(0, length)
        pending = pending.slice(length)
        requests.push(request)
        upstream.answer(socket, request)
        wake()
      }
    })
    socket.on('error', () => undefined)
  }
  const server = tls === undefined ? createServer(onSocket) : createTlsServer(tls, onSocket)
  // Also of a connection that never becomes a TLS one.
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => {
      sockets.delete(socket)
      wake()
    })
  })
  server.on('tlsClientError', () => undefined)

  let ownPort = port
  async function resume(): Promise<void> {
    server.listen(ownPort, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    ownPort = address.port
  }
  async function pause(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }

  await resume()
  const upstream: RawUpstream = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${ownPort}`,
    port: ownPort,
    requests,
    sockets,
    answer,
    requestsReach: (count) => until(() => requests.length >= count),
    socketsFallTo: (count) => until(() => sockets.size <= count),
    pause,
    resume,
    [Symbol.asyncDispose]: pause,
  }
  return upstream
}

/** Length of the first request when all of it is there, else 0. */
function wholeLength(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return 0
  const declared = /^content-length: *(\d+)/im.exec(text.slice(0, headEnd))?.[1] ?? '0'
  const length = headEnd + 4 + Number(declared)
  return text.length >= length ? length : 0
}
