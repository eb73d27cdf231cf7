import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { constants, createServer, type ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { goOnWhenRead } from './go-on.ts'
import { Http2Request, Http2Response, sessionFacts } from './http2-message.ts'

/** What bounds the requests of HTTP/2. */
export interface Http2Settings {
  /** Bytes of a request's header section. */
  readonly maxHeaderBytes: number
  /** Until a whole request must be here, milliseconds. */
  readonly requestTimeoutMs: number
  /** Until the first request must have begun on a connection, milliseconds. */
  readonly firstRequestMs: number
  /** How long a connection may be without a request, milliseconds. */
  readonly idleMs: number
  /** Most that a caller may take to read the rest of an answer, milliseconds. */
  readonly readMs: () => number
}

/** The connections of HTTP/2. */
export interface Http2Sessions {
  /** Ends all connections, each one when its requests are answered. */
  readonly close: () => void
  /** Resolves when all are closed, and all that listens to their requests has heard of it. */
  readonly closed: Promise<void>
}

/*
 * What one connection may ask for at once. nghttp2 itself bounds CONTINUATION frames (CVE-2024-27983),
 * and acknowledgements that the other side does not read; Node bounds pings, settings and the memory of
 * a connection.
 */
const maxConcurrentStreams = 100

/*
 * CVE-2023-44487, streams that are opened and reset at once: so many may be reset in one go, and so
 * many each second. Beyond it the connection ends.
 */
const streamResets = { streamResetBurst: 200, streamResetRate: 20 }

/** Frames and streams that break the protocol, until the connection ends. */
const faultsAllowed = { maxSessionInvalidFrames: 100, maxSessionRejectedStreams: 100 }

/** The highest number of a stream: with it a GOAWAY refuses nothing yet (RFC 9113, section 6.8). */
const anyStream = 2 ** 31 - 1

/**
 * Has a server of HTTP/1 over TLS serve HTTP/2 too, on connections where it has been agreed on: each
 * request is handed to that server in the form that its own have.
 */
export function serveHttp2(server: Server, settings: Http2Settings): Http2Sessions {
  const { maxHeaderBytes, requestTimeoutMs, firstRequestMs, idleMs, readMs } = settings
  const sessions = new Set<ServerHttp2Session>()
  const streams = new Set<object>()
  let isClosing = false
  const closed = Promise.withResolvers<void>()
  const settle = () => {
    if (isClosing && sessions.size + streams.size === 0) closed.resolve()
  }
  const http2 = createServer({
    Http2ServerRequest: Http2Request,
    Http2ServerResponse: Http2Response,
    settings: {
      maxConcurrentStreams,
      maxHeaderListSize: maxHeaderBytes,
      enablePush: false,
      enableConnectProtocol: false,
    },
    ...streamResets,
    ...faultsAllowed,
    // What Magento answers goes out as it is, also where a field stands twice.
    strictSingleValueFields: false,
  })

  const serve = (request: Http2Request, response: Http2Response) => {
    const { stream } = request
    // It was reset in the same breath; nothing has been done for it.
    if (stream.destroyed) return
    // Node holds a caller to the setting only once the caller has acknowledged it.
    if (lengthOf(request.rawHeaders) > maxHeaderBytes) {
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM)
      return
    }
    boundBody(request, requestTimeoutMs)
    server.emit(
      'request',
      request as unknown as IncomingMessage,
      response as unknown as ServerResponse,
    )
  }
  // Whatever is asked for is left to the pipeline, which records what it refuses.
  http2.on('request', serve).on('checkExpectation', serve).on('connect', serve)
  http2.on('checkContinue', (request: Http2Request, response: Http2Response) => {
    goOnWhenRead(request, response)
    serve(request, response)
  })

  let arriving: TLSSocket | undefined
  http2.on('session', (session) => {
    const socket = arriving as TLSSocket
    let isEndAnnounced = false
    sessions.add(session)
    sessionFacts.set(session, {
      socket,
      readMs,
      announceEnd: () => {
        if (isEndAnnounced || session.closed || session.destroyed) return
        isEndAnnounced = true
        session.goaway(constants.NGHTTP2_NO_ERROR, anyStream)
      },
    })
    session.once('close', () => {
      sessions.delete(session)
      settle()
    })
    session.on('stream', (stream) => {
      streams.add(stream)
      stream.once('close', () => {
        streams.delete(stream)
        settle()
      })
    })
    endIdle(session, socket, { firstRequestMs, idleMs })
    if (isClosing) session.close()
  })

  const serveHttp1 = server.listeners('secureConnection')
  server.removeAllListeners('secureConnection')
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol === 'h2') {
      arriving = socket
      http2.emit('connection', socket)
    } else {
      for (const listener of serveHttp1) listener.call(server, socket)
    }
  })

  return {
    close: () => {
      isClosing = true
      for (const session of sessions) session.close()
      settle()
    },
    closed: closed.promise,
  }
}

/** Fails a request whose body does not arrive in time, or breaks off, as one of HTTP/1 fails. */
function boundBody(request: Http2Request, timeoutMs: number): void {
  if (request.stream.endAfterHeaders) return
  const fail = (code: string) => {
    // Whoever reads the body hears of it; nobody may be reading any more.
    request.emit('error', Object.assign(new Error('body not complete'), { code }))
  }
  const timer = setTimeout(() => fail('ERR_HTTP_REQUEST_TIMEOUT'), timeoutMs)
  request
    .on('error', () => undefined)
    // Node would end it as if it were whole.
    .once('aborted', () => fail('ECONNRESET'))
    .once('end', () => clearTimeout(timer))
    .once('close', () => clearTimeout(timer))
}

/** How long the other side has to close a connection that has been ended, milliseconds. */
const closingMs = 1_000

/** Ends a connection that has been without a request for too long, whatever else comes over it. */
function endIdle(
  session: ServerHttp2Session,
  socket: TLSSocket,
  { firstRequestMs, idleMs }: Pick<Http2Settings, 'firstRequestMs' | 'idleMs'>,
): void {
  let open = 0
  const end = () => {
    session.close()
    timer = setTimeout(() => socket.destroy(), closingMs)
  }
  let timer = setTimeout(end, firstRequestMs)
  session.on('stream', (stream) => {
    clearTimeout(timer)
    open += 1
    stream.once('close', () => {
      open -= 1
      if (open === 0 && !session.destroyed) timer = setTimeout(end, idleMs)
    })
  })
  socket.once('close', () => clearTimeout(timer))
}

/** Bytes of names and values. */
function lengthOf(fields: readonly string[]): number {
  let length = 0
  for (const part of fields) length += part.length
  return length
}
