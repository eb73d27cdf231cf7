import {
  constants,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { ReadableOptions } from 'node:stream'

/** Where a session keeps what its requests and answers need; set before its first stream. */
export interface SessionFacts {
  readonly socket: Socket
  /** Tells the caller to open no more streams on this connection; what is open goes on. */
  readonly announceEnd: () => void
  /** Most that a caller may take to read the rest of an answer, milliseconds. */
  readonly readMs: () => number
}

/** The sessions that are open, by the object that their streams know. */
export const sessionFacts = new WeakMap<object, SessionFacts>()

/**
 * A request of HTTP/2 in the form that one of HTTP/1.1 has, so that all behind it reads one form: the
 * authority as Host, the crumbs of a cookie as one field (RFC 9113, sections 8.3.1 and 8.2.3), and a
 * body of unknown length as one that comes in chunks.
 */
export class Http2Request extends Http2ServerRequest {
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
    // The one of the session, not a stand-in that differs from stream to stream.
    const socket = stream.session && sessionFacts.get(stream.session)?.socket
    Object.defineProperty(this, 'socket', { value: socket })
  }
}

/**
 * The fields of a request as HTTP/1.1 has them.
 * @param fields names and values in turn, pseudo-header fields first (RFC 9113, section 8.3)
 */
export function http1Fields(fields: readonly string[]): string[] {
  const headers: string[] = []
  const crumbs: string[] = []
  let authority: string | undefined
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string
    const value = fields[index + 1] as string
    if (name === ':authority') authority = value
    else if (name === 'cookie') crumbs.push(value)
    // Another Host than the authority stays beside it, and is refused as a second one.
    else if (!name.startsWith(':') && !(name === 'host' && value === authority)) {
      headers.push(name, value)
    }
  }
  if (authority !== undefined) headers.unshift('host', authority)
  if (crumbs.length > 0) headers.push('cookie', crumbs.join('; '))
  return headers
}

// RFC 9113, section 8.2.2: fields of a connection, which a message of HTTP/2 must not have.
const connectionFields = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

// RFC 9110, sections 15.3.5 and 15.3.6: they have no content. Node ends the stream with their head.
const emptyStatuses = new Set([204, 205])

/**
 * An answer of HTTP/2 that takes what one of HTTP/1.1 takes. That the connection is to close means
 * that the caller opens no more streams on it.
 */
export class Http2Response extends Http2ServerResponse<Http2Request> {
  constructor(stream: ServerHttp2Stream) {
    super(stream)
    // Node's stand-in has no such field, and takes an answer that was given up for one that is whole.
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
      else if (value === 'close') this.#announceEnd()
    }
    return super.writeHead(status, headers)
  }

  override write(chunk: unknown, ...others: unknown[]): boolean {
    // What follows a head that was all has no place, and would break the connection's protocol.
    if (this.stream.writableEnded) return true
    return super.write(chunk as Buffer, ...(others as []))
  }

  override end(chunk?: unknown, encoding?: unknown): this {
    const { stream, req } = this
    const last = chunk as string | Buffer | undefined
    // An answer to HEAD, a 204, a 205 and a 304 have ended with their head.
    if (stream.writableEnded || !last?.length) super.end()
    else super.end(last, encoding as BufferEncoding)
    // RFC 9113, section 8.1: what is left of a body that nobody reads is not to be sent.
    if (!stream.endAfterHeaders && !req.complete) {
      stream.once('finish', () => {
        if (!req.complete) stream.close(constants.NGHTTP2_NO_ERROR)
      })
    }
    return this
  }

  /**
   * Breaks the answer off, so that nobody takes what has come of it for the whole: the stream alone, and its
   * connection where the caller does not even read that. What was sent before are answers that it may read that long.
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

  #announceEnd(): void {
    const { session } = this.stream
    if (session !== undefined) sessionFacts.get(session)?.announceEnd()
  }
}
