import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type SecureContextOptions, TLSSocket } from 'node:tls'
import { type FastifyInstance, fastify } from 'fastify'
import type { ClientCertificate, RequestContext } from '../request-context.ts'
import { boundConnections, type ConnectionSettings } from './connections.ts'
import { goOnWhenRead } from './go-on.ts'
import { hasBody } from './has-body.ts'
import { serveHttp2 } from './http2.ts'
import { type BodyBounds, prepareReadBody } from './read-body.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the gateway knows of the request; set by the first hook. */
    context: RequestContext
  }
}

/** What the public listener needs of the configuration. */
export interface ServerSettings {
  readonly tls?: {
    readonly context: SecureContextOptions
    /** Whether callers may choose HTTP/2 in the TLS handshake. */
    readonly http2: boolean
  }
  /** Whether callers are asked for a certificate in the TLS handshake. */
  readonly asksForCertificate: boolean
  readonly bodies: BodyBounds
  /** How long a whole request may take to arrive, milliseconds. */
  readonly requestTimeoutMs: number
  /** How long a connection may be without a further request, milliseconds. */
  readonly idleMs: number
  /** How long a caller may take to read the rest of an answer, milliseconds. */
  readonly readMs: () => number
  readonly connections: ConnectionSettings
}

/** Longest header section of a request, bytes; it also bounds the request target. */
const maxHeaderBytes = 16_384

/**
 * Makes the public HTTP server. It interprets nothing: all requests take the same route, bodies are read as
 * raw bytes, and whatever is wrong with a request is left to the pipeline.
 * @param onClientError answers what the HTTP parser refused or what did not arrive in time
 */
export function createServer(
  settings: ServerSettings,
  onClientError: (error: Error, socket: Socket) => void,
): FastifyInstance {
  const { tls, asksForCertificate, bodies, requestTimeoutMs, idleMs, readMs } = settings
  const headersTimeout = Math.min(requestTimeoutMs, 15_000)
  const http = {
    maxHeaderSize: maxHeaderBytes,
    // The pipeline refuses a request without Host, so that it is recorded.
    requireHostHeader: false,
    // Most requests are reads. Without a body, Node then spends no events on an empty one.
    optimizeEmptyRequests: true,
    headersTimeout,
    connectionsCheckingInterval: Math.min(requestTimeoutMs, 5_000),
  }
  const app = fastify({
    ...(tls === undefined
      ? { http }
      : {
          https: {
            ...http,
            ...tls.context,
            ALPNProtocols: tls.http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
            handshakeTimeout: headersTimeout,
            // Never required here: the pipeline decides which integration needs one.
            requestCert: asksForCertificate,
            rejectUnauthorized: false,
          },
        }),
    logger: false,
    clientErrorHandler: onClientError,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: idleMs,
    exposeHeadRoutes: false,
    // While draining, requests on open connections are still served.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // Fastify's router must not interpret the target: the pipeline parses it, by one grammar, from the raw bytes.
    rewriteUrl: () => '/',
    genReqId: () => randomUUID(),
  }) as unknown as FastifyInstance
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', prepareReadBody(bodies))
  takeAllRequests(app.server, onClientError)
  if (tls?.http2) {
    const firstRequestMs = headersTimeout
    const bounds = { maxHeaderBytes, requestTimeoutMs, firstRequestMs, idleMs, readMs }
    const http2 = serveHttp2(app.server, bounds)
    app.addHook('preClose', async () => http2.close())
    app.addHook('onClose', () => http2.closed)
  }
  rememberAddresses(app.server)
  // The length of all fields together is bounded. Node's bound on their number would silently drop the fields
  // beyond it, even Content-Length or Transfer-Encoding.
  app.server.maxHeadersCount = 0
  // Node's own method knows neither HTTP/2 connections nor those still in their TLS handshake.
  app.server.closeAllConnections = boundConnections(app.server, settings.connections)
  return app
}

/**
 * Has the address of each TLS connection known as long as it lasts: Node keeps it from when it is first read, and can no
 * longer tell it once the caller has reset the connection. Plain ones are read when their bounds are checked.
 */
function rememberAddresses(server: FastifyInstance['server']): void {
  server.prependListener('secureConnection', ({ remoteAddress }: TLSSocket) => remoteAddress)
}

/** Has requests that Node would answer by itself go the way of all others, so that they are checked and recorded. */
function takeAllRequests(
  server: FastifyInstance['server'],
  onClientError: (error: Error, socket: Socket) => void,
): void {
  // Node would refuse an unknown Expect.
  server.on('checkExpectation', (message, response) => {
    server.emit('request', message, response)
  })
  server.on('checkContinue', (message, response) => {
    if (hasBody(message.headers)) goOnWhenRead(message, response)
    // Nobody will read a body, and Node closes the connection if the caller is never told to go on.
    else response.writeContinue()
    server.emit('request', message, response)
  })
  // CONNECT asks for a tunnel, which the HTTP parser does not hand on as a request.
  server.on('connect', (_message, socket) => {
    // Node has removed its listeners from the socket, and an error without a listener ends the process.
    socket.on('error', () => socket.destroy())
    onClientError(Object.assign(new Error('CONNECT'), { code: 'HTTP_CONNECT' }), socket as Socket)
  })
}

/** The request target as received, which `rewriteUrl` has replaced for routing. */
export function rawTargetOf(message: IncomingMessage & { originalUrl?: string }): string {
  return message.originalUrl ?? message.url ?? ''
}

/** The method, or `UNKNOWN` for one over HTTP/2 that is no method of HTTP/1: it may be any text. */
export function methodOf(message: IncomingMessage & { hasUnknownMethod?: boolean }): string {
  return message.hasUnknownMethod ? 'UNKNOWN' : (message.method ?? '')
}

// Parsed once per connection, however many requests come over it.
const certificates = new WeakMap<Socket, ClientCertificate | undefined>()

/** The client certificate of the TLS handshake, whether or not its chain is trusted. */
export function clientCertificateOf(socket: Socket): ClientCertificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  if (!certificates.has(socket)) {
    const certificate = socket.getPeerX509Certificate()
    const presented = certificate && { certificate, isChainTrusted: socket.authorized }
    certificates.set(socket, presented)
  }
  return certificates.get(socket)
}
