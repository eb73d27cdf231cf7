import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

/** A request as a caller sends it. The path is sent exactly as written. */
export interface CallerRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** The answer that a caller gets. */
export interface CallerAnswer {
  readonly status: number
  readonly body: string
}

/** Sends one request to the gateway. */
export async function call(gatewayUrl: string, request: CallerRequest): Promise<CallerAnswer> {
  const { method, path, headers, body = '' } = request
  const { hostname, port } = new URL(gatewayUrl)
  const length = body === '' ? {} : { 'Content-Length': Buffer.byteLength(body) }
  const outgoing = httpRequest({ hostname, port, method, path, headers: { ...headers, ...length } })
  outgoing.end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, body: await text(response) }
}
