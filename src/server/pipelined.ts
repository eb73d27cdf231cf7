import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Rejection, reject } from '../problem.ts'

/** How many requests may wait on one connection for the answer to an earlier one. */
const maxWaiting = 32

const waiting = new WeakMap<Socket, number>()

/** Connections whose last answer has been given. */
const ended = new WeakSet<Socket>()

/** The answer to a request beyond that; it closes the connection. */
export const tooManyPipelined: Rejection = reject(
  'address-rate-limited',
  'as many requests wait on this connection as may',
  { retryAfterSeconds: 1 },
)

/**
 * Counts a pipelined request (RFC 9112, section 9.3.2), whose answer waits for an earlier one on the
 * same connection. Node itself stops reading only when answers pile up; without a bound one connection
 * could have hundreds of requests at Magento.
 * @returns false when as many as allowed are waiting already
 */
export function admitPipelined(response: ServerResponse, socket: Socket): boolean {
  const before = waiting.get(socket) ?? 0
  waiting.set(socket, before + 1)
  response.once('close', () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1))
  return before < maxWaiting
}

/** Takes note of an answer that says `Connection: close`. */
export function noteLastAnswer({ req }: ServerResponse): void {
  // Over HTTP/2 the streams that are open go on.
  if (req.httpVersionMajor === 1) ended.add(req.socket)
}

/**
 * Whether a request that has just come in came behind one whose answer ended their connection. It must not be
 * processed (RFC 9112, section 9.6): its caller may send it again elsewhere. Node reads it all the same where both came
 * in one piece.
 */
export function isBehindLastAnswer(socket: Socket): boolean {
  return ended.has(socket)
}
