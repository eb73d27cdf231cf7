import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { canonicalRequest } from '../../src/authenticate/canonical-request.ts'
import { testEnv } from './gateway.ts'

/** A request whose path and headers go out as they are written. */
export interface ClientRequest {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Buffer
  readonly agent?: Agent
}

/** An answer, read to its end. */
export interface ClientAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: string
}

/** Sends one request, on a connection of its own unless an agent is given. */
export async function send(url: string, request: ClientRequest = {}): Promise<ClientAnswer> {
  const {
    method = 'GET',
    path = '/rest/V1/products/24-MB01',
    headers = {},
    body = '',
    agent,
  } = request
  const { hostname, port } = new URL(url)
  const length = body.length === 0 ? {} : { 'Content-Length': Buffer.byteLength(body) }
  const outgoing = httpRequest({
    hostname,
    port,
    method,
    path,
    agent: agent ?? false,
    headers: { ...(headers as Record<string, string>), ...length },
  })
  outgoing.end(body)
  const [response] = await once(outgoing, 'response')
  return {
    status: response.statusCode,
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    body: (await buffer(response)).toString(),
  }
}

/** Sends bytes as they are and reads until the other side closes. */
export async function sendRaw(url: string, bytes: string | Buffer): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.setEncoding('latin1')
  socket.write(bytes)
  return text(socket)
}

/** Sends a write from a caller that need not wait for its answer: when it leaves, the answer rejects. */
export function sendAndLeave(
  url: string,
  { path = '/rest/V1/products', headers = {}, body = '{}' }: LeavingWrite,
): { readonly answer: Promise<unknown>; readonly leave: () => void } {
  const leaving = new AbortController()
  const answer = fetch(`${url}${path}`, {
    method: 'POST',
    headers: { ...globexHeaders, 'Content-Type': 'application/json', ...headers },
    body,
    signal: leaving.signal,
  })
  return { answer, leave: () => leaving.abort() }
}

interface LeavingWrite {
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Headers of an integration that presents its token only. */
export const globexHeaders = { Authorization: `Bearer ${testEnv.GLOBEX_TOKEN}` }

/** A write of an integration that presents its token only; an object is sent as JSON. */
export function writeOf(
  body: string | Buffer | object,
  { method = 'POST', path = '/rest/V1/products', headers = {} }: Omit<ClientRequest, 'body'> = {},
): ClientRequest {
  const isAsItIs = typeof body === 'string' || Buffer.isBuffer(body)
  return {
    method,
    path,
    headers: { ...globexHeaders, 'Content-Type': 'application/json', ...headers },
    body: isAsItIs ? body : JSON.stringify(body),
  }
}

/** Headers of an integration that signs its bodies too. */
export function acmeHeaders(body = ''): Record<string, string> {
  const signature = createHmac('sha256', testEnv.ACME_HMAC_SECRET).update(body).digest('hex')
  return { Authorization: `Bearer ${testEnv.ACME_TOKEN}`, 'X-Signature': signature }
}

/** The fields by which a request of acme-erp is signed with scheme canonical, now or so many seconds ago. */
export function canonicalFields(
  { method = 'GET', path, body = '' }: { method?: string; path: string; body?: string },
  nonce: string = randomUUID(),
  ageSeconds = 0,
): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000) - ageSeconds)
  const text = canonicalRequest({ timestamp, nonce, method, path, query: '', body })
  const signature = createHmac('sha256', testEnv.ACME_HMAC_SECRET).update(text).digest('hex')
  return { 'X-Timestamp': timestamp, 'X-Nonce': nonce, 'X-Signature': signature }
}

/** All of an answer but its request id, which is random, and so may have the digits of a port in it. */
export function withoutRequestId(answer: ClientAnswer): string {
  return JSON.stringify(answer).replaceAll(String(answer.headers['x-request-id']), '')
}

/** What the gateway says of a refusal. */
export function problemOf({ body }: ClientAnswer): Record<string, unknown> {
  return JSON.parse(body) as Record<string, unknown>
}
