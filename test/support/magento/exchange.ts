import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './answer.ts'
import type { ReceivedRequest } from './received-log.ts'

/** One request and the way back to its sender. */
export interface Exchange {
  readonly request: ReceivedRequest
  readonly response: ServerResponse
  /** Aborts when the connection or the exchange is over, so that no timer outlives it. */
  readonly signal: AbortSignal
  /** Resets the connection (RST); that is our doing, so the request does not count as aborted. */
  readonly breakOff: () => void
}

/** Takes in a request to its end, or to where its sender broke off. */
export async function receive(
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<Exchange> {
  const { body, isWhole } = await readBody(incoming)
  const over = Promise.withResolvers<void>()
  const end = new AbortController()
  const request: ReceivedRequest = {
    method: incoming.method ?? '',
    rawTarget: incoming.url ?? '',
    rawHeaders: [...incoming.rawHeaders],
    body,
    time: Date.now(),
    aborted: !isWhole,
    over: over.promise,
  }
  let isBrokenOff = false
  const finish = () => {
    if (response.headersSent) request.status = response.statusCode
    if (!response.writableFinished && !isBrokenOff) request.aborted = true
    end.abort()
    over.resolve()
  }
  if (response.closed) finish()
  else response.once('close', finish)
  const breakOff = () => {
    isBrokenOff = true
    incoming.socket.resetAndDestroy()
  }
  return { request, response, signal: end.signal, breakOff }
}

/** Sends an answer whole, with its length. */
export function sendAnswer({ response }: Exchange, answer: Answer): void {
  writeHead(response, answer, 0)
  response.end(answer.body)
}

/** Sends the head of an answer and announces so many bytes more than its body has. */
export function writeHead(response: ServerResponse, answer: Answer, extraBytes: number): void {
  const length = Buffer.byteLength(answer.body) + extraBytes
  response.writeHead(answer.status, { ...answer.headers, 'content-length': String(length) })
}

function readBody(incoming: IncomingMessage): Promise<{ body: Buffer; isWhole: boolean }> {
  const chunks: Buffer[] = []
  return new Promise((resolve) => {
    const settle = (isWhole: boolean) => resolve({ body: Buffer.concat(chunks), isWhole })
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.once('end', () => settle(true))
    incoming.once('error', () => settle(false))
    incoming.once('close', () => settle(false))
  })
}
