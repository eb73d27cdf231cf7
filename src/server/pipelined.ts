import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Rejection, reject } from '../problem.ts'

/** How many requests may wait on one connection for the answer to an earlier one. */
const maxWaiting = 32

/** How many may come behind the last answer of a connection, which a caller can have sent before it read that. */
const maxBehind = 1_000

const waiting = new WeakMap<Socket, number>()

/** The last request of each connection that had to wait for the answer to an earlier one. */
const lastWaiting = new WeakMap<Socket, ServerResponse>()

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
  lastWaiting.set(socket, response)
  return countWaiting(response, socket) <= maxWaiting
}

/** Whether a request is under way whose answer comes after this one on the connection. */
export function hasOneBehind(response: ServerResponse): boolean {
  const last = lastWaiting.get(response.req.socket)
  return last !== undefined && last !== response && !last.writableFinished
}

function countWaiting(response: ServerResponse, socket: Socket): number {
  const count = (waiting.get(socket) ?? 0) + 1
  waiting.set(socket, count)
  response.once('close', () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1))
  return count
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

/**
 * Counts a request behind the last answer, and cuts the connection off when there are too many: they are kept until it
 * ends, and Node does not stop reading because of them, since they add nothing to the answers that pile up.
 */
export function boundBehind(response: ServerResponse, socket: Socket): void {
  if (countWaiting(response, socket) > maxBehind) socket.destroy()
}
