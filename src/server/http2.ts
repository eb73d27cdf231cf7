import { type IncomingMessage, METHODS, type Server, type ServerResponse } from 'node:http'
import { constants, createServer, type ServerHttp2Session } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { goOnWhenRead } from './go-on.ts'
import { Http2Request, Http2Response, sessionFacts } from './http2-message.ts'
import { type IdleBounds, prepareSessionEnd } from './session-end.ts'

/** The bounds on HTTP/2 requests and connections. */
export interface Http2Settings extends IdleBounds {
  /** Longest header section of a request, bytes. */
  readonly maxHeaderBytes: number
  /** How long a whole request may take to arrive, milliseconds. */
  readonly requestTimeoutMs: number
  /** How long a caller may take to read the rest of an answer, milliseconds. */
  readonly readMs: () => number
}

/** The HTTP/2 connections of a server. */
export interface Http2Sessions {
  /** Ends all connections, each one once its requests are answered. */
  readonly close: () => void
  /** Resolves when all connections and streams have closed, and their `close` listeners have run. */
  readonly closed: Promise<void>
}

/*
 * Most requests at once on one connection. nghttp2 itself bounds CONTINUATION frames (CVE-2024-27983) and
 * acknowledgements that the other side does not read; Node bounds pings, settings and the memory of a
 * connection.
 */
const maxConcurrentStreams = 100

/*
 * Against CVE-2023-44487, in which streams are opened and reset at once: a burst of resets that is allowed,
 * and how many more each second. Beyond that the connection ends.
 */
const streamResets = { streamResetBurst: 200, streamResetRate: 20 }

/** How many frames and streams may break the protocol before the connection ends. */
const faultsAllowed = { maxSessionInvalidFrames: 100, maxSessionRejectedStreams: 100 }

const methods = new Set(METHODS)

/**
 * Lets an HTTP/1 server over TLS serve HTTP/2 too, on connections whose handshake has agreed on it. Each
 * request is handed to that server in the form of its own requests.
 */
export function serveHttp2(server: Server, settings: Http2Settings): Http2Sessions {
  const { maxHeaderBytes, requestTimeoutMs, readMs } = settings
  /** What ends each open connection once its requests are answered. */
  const sessions = new Map<ServerHttp2Session, () => void>()
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
    // As many as the length allows, of which each field takes 32 bytes besides its own (RFC 9113, section 6.5.2).
    maxHeaderListPairs: maxHeaderBytes / 32,
    // nghttp2 would leave out a field with white space around its value, even an Idempotency-Key or If-Match, and the
    // request would go on without it. The pipeline refuses it instead.
    strictFieldWhitespaceValidation: false,
    // Magento's answers go out as they are, even with a field that should not be repeated.
    strictSingleValueFields: false,
  })

  const serve = (request: Http2Request, response: Http2Response) => {
    const { stream } = request
    // It has been reset already, and nothing has been done for it.
    if (stream.destroyed) return
    // Node enforces the setting only once the caller has acknowledged it.
    if (lengthOf(request.rawHeaders) > maxHeaderBytes) {
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM)
      return
    }
    // Fastify would leave a method without an answer that Node's HTTP/1 parser does not know.
    if (!methods.has(request.method)) request.replaceMethod()
    boundBody(request, requestTimeoutMs)
    server.emit(
      'request',
      request as unknown as IncomingMessage,
      response as unknown as ServerResponse,
    )
  }
  const serveExpecting = (request: Http2Request, response: Http2Response) => {
    goOnWhenRead(request, response)
    serve(request, response)
  }
  // All kinds of requests go to the pipeline, so that what it refuses is recorded. To Node, `100-Continue` is another
  // expectation than `100-continue`.
  http2.on('request', serve).on('connect', serve)
  http2.on('checkContinue', serveExpecting).on('checkExpectation', serveExpecting)

  // The connection that `emit` below hands over; its session is made within that call.
  let arriving: TLSSocket | undefined
  http2.on('session', (session) => {
    const socket = arriving as TLSSocket
    const end = prepareSessionEnd(session, socket, settings)
    sessions.set(session, end.close)
    sessionFacts.set(session, { socket, readMs, endAfterAnswers: end.announce })
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
    if (isClosing) end.close()
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
      for (const close of sessions.values()) close()
      settle()
    },
    closed: closed.promise,
  }
}

/** Fails a request whose body does not arrive in time, or breaks off, in the way that HTTP/1 requests fail. */
function boundBody(request: Http2Request, timeoutMs: number): void {
  if (request.stream.endAfterHeaders) return
  const fail = (code: string) => {
    // Whoever reads the body gets the error, if anybody still does.
    request.emit('error', Object.assign(new Error('body not complete'), { code }))
  }
  const timer = setTimeout(() => fail('ERR_HTTP_REQUEST_TIMEOUT'), timeoutMs)
  request
    .on('error', () => undefined)
    // Node would end the body as if it were complete.
    .once('aborted', () => fail('ECONNRESET'))
    .once('end', () => clearTimeout(timer))
    .once('close', () => clearTimeout(timer))
}

/** The bytes of names and values together. */
function lengthOf(fields: readonly string[]): number {
  let length = 0
  for (const part of fields) length += part.length
  return length
}
