import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { type Rejection, reject } from '../problem.ts'
import { closeInStagesAfter } from './close-in-stages.ts'

/** How many requests may wait on one connection for the answer to an earlier one. */
const maxWaiting = 32

/** How many may come behind the last answer of a connection, which a caller can have sent before it read that. */
const maxBehind = 1_000

/** A connection on which requests waited for earlier ones, or whose last answer has been given. */
interface Pipeline {
  /** How many of its requests wait for the answer to an earlier one, or came behind the last answer. */
  waiting: number
  /** The last request that had to wait for the answer to an earlier one. */
  lastWaiting: ServerResponse | undefined
  hasEnded: boolean
}

const pipelines = new WeakMap<Socket, Pipeline>()

function pipelineOf(socket: Socket): Pipeline {
  let pipeline = pipelines.get(socket)
  if (pipeline === undefined) {
    pipeline = { waiting: 0, lastWaiting: undefined, hasEnded: false }
    pipelines.set(socket, pipeline)
  }
  return pipeline
}

/** The answer to a request for which there is no room; it closes the connection. */
export const tooManyPipelined: Rejection = reject(
  'address-rate-limited',
  'too many requests wait on this connection',
  { retryAfterSeconds: 1 },
)

/**
 * Counts a pipelined request (RFC 9112, section 9.3.2), whose answer waits for an earlier one on the
 * same connection. Node itself stops reading only when answers pile up; without a bound one connection
 * could have hundreds of requests at Magento.
 * @returns false when as many as allowed are waiting already
 */
export function admitPipelined(response: ServerResponse, socket: Socket): boolean {
  if (!pipelines.has(socket)) readThroughStream(socket)
  const pipeline = pipelineOf(socket)
  pipeline.lastWaiting = response
  return countWaiting(response, pipeline) <= maxWaiting
}

/**
 * Has Node read a TLS connection as a stream, which it does where anybody listens for its data (lib/_http_server.js,
 * unconsume). Otherwise all records that have arrived go to the parser at once, even after Node has paused it because
 * answers pile up: it loses those, and takes a later one for the next request.
 */
function readThroughStream(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.on('data', () => undefined)
}

/** Whether a request is under way whose answer comes after this one on the connection. */
export function hasOneBehind(response: ServerResponse): boolean {
  const last = pipelines.get(response.req.socket)?.lastWaiting
  return last !== undefined && last !== response && !last.writableFinished
}

function countWaiting(response: ServerResponse, pipeline: Pipeline): number {
  pipeline.waiting += 1
  response.once('close', () => {
    pipeline.waiting -= 1
    // Kept any longer, it would keep its body in memory for as long as the connection.
    if (pipeline.lastWaiting === response) pipeline.lastWaiting = undefined
  })
  return pipeline.waiting
}

/** Takes note of an answer that says `Connection: close`. */
export function noteLastAnswer({ req }: ServerResponse): void {
  // Over HTTP/2 the streams that are open go on.
  if (req.httpVersionMajor !== 1) return
  pipelineOf(req.socket).hasEnded = true
  closeInStagesAfter(req)
}

/**
 * Whether a request that has just come in came behind one whose answer ended their connection. It must not be
 * processed (RFC 9112, section 9.6): its caller may send it again elsewhere. Node reads it all the same if both came in
 * one piece.
 */
export function isBehindLastAnswer(socket: Socket): boolean {
  return pipelines.get(socket)?.hasEnded === true
}

/**
 * Counts a request behind the last answer, and cuts the connection off when there are too many: they are kept until it
 * ends, and Node does not stop reading because of them, since they add nothing to the answers that pile up.
 */
export function boundBehind(response: ServerResponse, socket: Socket): void {
  if (countWaiting(response, pipelineOf(socket)) > maxBehind) socket.destroy()
}
