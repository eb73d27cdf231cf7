import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Rejection, reject } from '../problem.ts'

/** How many requests may wait on one connection for the answer to another. */
const maxWaiting = 32

const waiting = new WeakMap<Socket, number>()

/** What is answered to one more; its connection ends with that. */
export const tooManyPipelined: Rejection = reject(
  'address-rate-limited',
  'as many requests wait on this connection as may',
  { retryAfterSeconds: 1 },
)

/**
 * Takes note of a request that was pipelined (RFC 9112, section 9.3.2): its answer waits for another
 * one on the same connection. Node itself stops reading only when answers pile up, and without a bound
 * one connection could have hundreds of requests at Magento.
 * @returns whether as many wait already as may
 */
export function isPipelinedTooFar(response: ServerResponse, socket: Socket): boolean {
  const before = waiting.get(socket) ?? 0
  waiting.set(socket, before + 1)
  response.once('close', () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1))
  return before >= maxWaiting
}
