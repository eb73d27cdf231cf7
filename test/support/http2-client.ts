import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { globexHeaders } from './http-client.ts'
import { pem } from './tls/pem.ts'

/** An answer over HTTP/2, read to its end. */
export interface Http2Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/**
 * Opens a connection that has agreed on HTTP/2.
 * @param material certificate and key of the client, where it has one
 */
export async function openSession(
  url: string,
  material: { readonly cert?: string; readonly key?: string } = {},
): Promise<ClientHttp2Session> {
  const session = connect(url, { ca: pem('loopback.cert'), ...material })
  await once(session, 'connect')
  // What becomes of it is read from its streams.
  return session.on('error', () => undefined)
}

/** Begins a request of an integration that presents its token only. */
export function begin(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  options: { readonly endStream?: boolean } = {},
): ClientHttp2Stream {
  const standard = { ':path': '/rest/V1/products/24-MB01', ...globexHeaders }
  return session.request({ ...standard, ...headers }, options)
}

/** The answer on a stream, once it is closed; fails where it is not whole. */
export async function answerOn(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const chunks: Buffer[] = []
  let isWhole = false
  let headers: IncomingHttpHeaders & { ':status'?: number | undefined } = {}
  stream
    .on('response', (fields) => {
      headers = fields
    })
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('end', () => {
      isWhole = stream.rstCode === constants.NGHTTP2_NO_ERROR
    })
  const reset = await resetOf(stream)
  const { ':status': status } = headers
  if (!isWhole || status === undefined) throw new Error(`no whole answer: ${reset}`)
  return { status, headers, body: Buffer.concat(chunks).toString() }
}

/** Sends a request with a body, or without one, and reads the answer. */
export async function sendOver(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  body?: string | Buffer,
): Promise<Http2Answer> {
  const stream = begin(session, headers, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  return answerOn(stream)
}

/** How a stream ended: the name of the code. */
export async function resetOf(stream: ClientHttp2Stream): Promise<string | undefined> {
  stream.on('error', () => undefined).resume()
  if (!stream.destroyed) await new Promise((resolve) => stream.once('close', resolve))
  const names = Object.entries(constants).filter(([name]) =>
    /^NGHTTP2_(?:NO_ERROR|[A-Z_]+_ERROR|REFUSED_STREAM|CANCEL|ENHANCE_YOUR_CALM)$/.test(name),
  )
  return names.find(([, code]) => code === stream.rstCode)?.[0].slice('NGHTTP2_'.length)
}
