import { request as httpRequest } from 'node:http'
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
  return new Promise((resolve, reject) => {
    const length = body === '' ? {} : { 'Content-Length': Buffer.byteLength(body) }
    const outgoing = httpRequest({
      hostname,
      port,
      method,
      path,
      headers: { ...headers, ...length },
    })
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject)
    })
    outgoing.end(body)
  })
}
