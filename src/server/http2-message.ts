import {
  constants,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { ReadableOptions } from 'node:stream'
import { lingerMs } from './close-in-stages.ts'

/** What the requests and answers of a session need to know about it. */
export interface SessionFacts {
  readonly socket: Socket
  /** Tells the caller to open no more streams on this connection, once its open ones are answered. */
  readonly endAfterAnswers: () => void
  /** How long a caller may take to read the rest of an answer, milliseconds. */
  readonly readMs: () => number
}

/**
 * What is known about each open session, by its session object, which every stream knows. Written by
 * `http2.ts` before the first stream of a session, and read by the classes below: Node makes their instances
 * itself, so nothing can be passed to them.
 */
export const sessionFacts = new WeakMap<object, SessionFacts>()

/**
 * An HTTP/2 request in the form of an HTTP/1.1 request, so that all later code sees one form: the authority
 * as Host, the crumbs of a cookie as one field (RFC 9113, sections 8.3.1 and 8.2.3), and a body of unknown
 * length as a chunked one.
 */
export class Http2Request extends Http2ServerRequest {
  /** Whether the caller sent another method, which is none of HTTP/1. */
  hasUnknownMethod = false

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    options: ReadableOptions,
    rawHeaders: readonly string[],
  ) {
    super(stream, headers, options, http1Fields(rawHeaders))
    if (!stream.endAfterHeaders && headers['content-length'] === undefined) {
      headers['transfer-encoding'] = 'chunked'
    }
    // The socket of the session; Node's own property gives a different proxy object for each stream.
    const socket = stream.session && sessionFacts.get(stream.session)?.socket
    Object.defineProperty(this, 'socket', { value: socket })
  }

  /** Replaces a method that cannot be routed by one that can, and that is refused as well. */
  replaceMethod(): void {
    this.hasUnknownMethod = true
    Object.defineProperty(this, 'method', { value: 'TRACE' })
  }
}

/**
 * The fields of an HTTP/2 request as HTTP/1.1 has them.
 * @param fields names and values in turn, pseudo-header fields first (RFC 9113, section 8.3)
 */
function http1Fields(fields: readonly string[]): string[] {
  const headers: string[] = []
  const crumbs: string[] = []
  let authority: string | undefined
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string
    const value = fields[index + 1] as string
    if (name === ':authority') authority = value
    else if (name === 'cookie') crumbs.push(value)
    // A Host that differs from the authority is left beside it, so that it is refused as a repeated header.
    else if (!name.startsWith(':') && !(name === 'host' && value === authority)) {
      headers.push(name, value)
    }
  }
  if (authority !== undefined) headers.unshift('host', authority)
  if (crumbs.length > 0) headers.push('cookie', crumbs.join('; '))
  return headers
}

// RFC 9113, section 8.2.2: connection-specific fields, which HTTP/2 messages must not have.
const connectionFields = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

// RFC 9110, sections 15.3.5 and 15.3.6: these have no content, and Node ends the stream with their head.
const emptyStatuses = new Set([204, 205])

/**
 * Drops the rest of a body that nobody reads once its answer has been sent, and resets the stream if it takes too long.
 * A reset before the end of the answer would leave it incomplete (RFC 9113, section 8.1); after it, callers that send
 * everything before they read, as Java's and Python's do, would wait for ever or fail.
 */
function dropRestOfBody(stream: ServerHttp2Stream, request: Http2Request): void {
  request.resume()
  // Otherwise Node resets a stream that nobody has begun to read.
  stream.resume()
  stream.once('finish', () => {
    const timer = setTimeout(() => {
      if (!request.complete && !stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR)
    }, lingerMs)
    stream.once('close', () => clearTimeout(timer))
  })
}

/**
 * An HTTP/2 answer that is written like one of HTTP/1.1. `Connection: close` becomes a message to the caller
 * to open no more streams on the connection.
 */
export class Http2Response extends Http2ServerResponse<Http2Request> {
  constructor(stream: ServerHttp2Stream) {
    super(stream)
    // Node's class lacks `destroyed`, and its `writableFinished` is true for an aborted answer as well.
    Object.defineProperties(this, {
      destroyed: { get: () => stream.destroyed || stream.closed },
      writableFinished: { get: () => stream.writableFinished && !stream.aborted },
    })
  }

  /** @param fields names and values in turn */
  override writeHead(status: number, fields: unknown = []): this {
    const given = fields as readonly string[]
    const headers: string[] = []
    for (let index = 0; index < given.length; index += 2) {
      const name = given[index] as string
      const value = given[index + 1] as string
      const key = name.toLowerCase()
      if (key === 'content-length' && emptyStatuses.has(status)) continue
      if (!connectionFields.has(key)) headers.push(name, value)
      else if (value === 'close') this.#endAfterAnswers()
    }
    return super.writeHead(status, headers)
  }

  override write(chunk: unknown, ...others: unknown[]): boolean {
    // The head has ended the stream already, and Node would take a further write for a protocol error.
    if (this.stream.writableEnded) return true
    return super.write(chunk as Buffer, ...(others as []))
  }

  override end(chunk?: unknown, encoding?: unknown): this {
    const { stream, req } = this
    const last = chunk as string | Buffer | undefined
    // Answers to HEAD and those with status 204, 205 and 304 ended with their head.
    if (stream.writableEnded || !last?.length) super.end()
    else super.end(last, encoding as BufferEncoding)
    if (!stream.endAfterHeaders && !req.complete) dropRestOfBody(stream, req)
    return this
  }

  /**
   * Breaks the answer off so that the caller cannot take it for complete. It resets the stream, and closes the
   * connection only if the caller has not even read that after `readMs`, the time that it has to read earlier
   * answers.
   */
  override destroy(): this {
    const { stream } = this
    if (stream.destroyed) return this
    const facts = stream.session && sessionFacts.get(stream.session)
    stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    const timer = setTimeout(() => facts?.socket.destroy(), facts?.readMs())
    stream.once('close', () => clearTimeout(timer))
    return this
  }

  #endAfterAnswers(): void {
    const { session } = this.stream
    if (session !== undefined) sessionFacts.get(session)?.endAfterAnswers()
  }
}
