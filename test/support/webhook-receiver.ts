import { EventEmitter, once } from 'node:events'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { TLSSocket } from 'node:tls'
import { pem } from './tls/pem.ts'

/** A call-back as it arrived. */
export interface ReceivedWebhook {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Server name of the TLS handshake; false where there was none. */
  readonly serverName: string | false | null | undefined
}

/** Answers a call-back; `index` counts from 0. */
export type AnswerWebhook = (
  response: ServerResponse,
  received: ReceivedWebhook,
  index: number,
) => void

/** How a receiver listens. */
export interface ReceiverOptions {
  /** Answers 204 when left out. */
  readonly answer?: AnswerWebhook
  /** Name of a certificate beside `pem.ts`, or plain http. */
  readonly certificate?: 'loopback' | 'elsewhere' | 'none'
  readonly host?: string
  readonly port?: number
}

/** Somebody who is called back; listens on loopback. */
export interface WebhookReceiver extends AsyncDisposable {
  readonly port: number
  /** `https://127.0.0.1:PORT`. */
  readonly url: string
  readonly received: readonly ReceivedWebhook[]
  /** How many connections there were. */
  readonly connections: () => number
  /** Resolves when so many have arrived. */
  readonly arrived: (count: number) => Promise<readonly ReceivedWebhook[]>
  /** Answers from now on. */
  readonly answerWith: (answer: AnswerWebhook) => void
  readonly close: () => Promise<void>
}

/** A status and nothing else. */
export function status(code: number, headers: Record<string, string> = {}): AnswerWebhook {
  return (response) => {
    response.writeHead(code, headers).end()
  }
}

/** Starts a receiver. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<WebhookReceiver> {
  const { certificate = 'loopback', host = '127.0.0.1', port = 0 } = options
  let answer = options.answer ?? status(204)
  const received: ReceivedWebhook[] = []
  const arrivals = new EventEmitter()
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request)
    const webhook: ReceivedWebhook = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers as Record<string, string>,
      body,
      serverName: (request.socket as TLSSocket).servername,
    }
    const index = received.push(webhook) - 1
    answer(response, webhook, index)
    arrivals.emit('arrival')
  }
  const listener = (request: IncomingMessage, response: ServerResponse) =>
    // A sender that was killed in the middle of its request.
    void take(request, response).catch(() => response.destroy())
  const server =
    certificate === 'none'
      ? createHttpServer(listener)
      : createServer({ cert: pem(`${certificate}.cert`), key: pem(`${certificate}.key`) }, listener)
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  server.listen(port, host)
  await once(server, 'listening')
  const { port: listeningPort } = server.address() as AddressInfo
  const close = async () => {
    if (!server.listening) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return {
    port: listeningPort,
    url: `${certificate === 'none' ? 'http' : 'https'}://${host}:${listeningPort}`,
    received,
    connections: () => connections,
    arrived: async (count) => {
      while (received.length < count) await once(arrivals, 'arrival')
      return received
    },
    answerWith: (next) => {
      answer = next
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
