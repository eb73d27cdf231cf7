import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { FastifyReply } from 'fastify'
import { errorCode } from '../contract/error-code.ts'
import { type ProblemCode, problemBody, reject, statusOf } from '../problem.ts'
import { RequestContext } from '../request-context.ts'
import type { Traffic } from '../traffic.ts'
import { closeInStages } from './close-in-stages.ts'

const codes: Readonly<Record<string, ProblemCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'request-timeout',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  HPE_INVALID_URL: 'bad-request-target',
}

/** Codes of messages that are malformed, as opposed to late ones and failed TLS handshakes. */
const malformed = /^(?:HPE|HTTP)_/

/** Connections on which a broken message is being answered, and which close then. */
const answering = new WeakSet<Socket>()

/**
 * The reply that each connection is waiting for; with pipelined requests, the last one. Not a Map: V8 makes the table of one
 * anew after some deletions, and the old tables keep replies from being collected with the young generation.
 */
export type OpenReplies = WeakMap<Socket, FastifyReply>

/** What the answer to a broken message depends on. */
export interface ClientErrorSources {
  /** For messages that belong to no readable request. */
  readonly traffic: Pick<Traffic, 'answers' | 'noteSender'>
  readonly openReplies: OpenReplies
}

/**
 * Answers what the HTTP parser refused or what did not arrive in time, and closes the connection. The record
 * has what is known: the request whose body broke off, or else the address alone. An earlier request on the
 * connection that is still being answered gets its answer first.
 */
export function answerClientError(error: Error, socket: Socket, sources: ClientErrorSources): void {
  const reason = errorCode(error)
  // Node reports the error again with each further piece that arrives.
  if (answering.has(socket)) return
  // Nobody is left to answer; a request that was under way is recorded when its response closes.
  if (reason === 'ECONNRESET') socket.destroy()
  // The last answer has been given, and the connection is closing.
  if (!socket.writable) return
  const open = sources.openReplies.get(socket)
  const turn = open && turnOf(open)
  if (turn !== undefined) {
    answering.add(socket)
    open?.raw.once(turn, () => {
      answering.delete(socket)
      answerClientError(error, socket, sources)
    })
    return
  }
  answering.add(socket)
  const rejection = reject(codes[reason] ?? 'malformed-http', reason)
  const status = statusOf(rejection)
  const request = open?.request.context ?? unreadRequest(socket)
  const { answers } = open?.request.traffic ?? sources.traffic
  const body = problemBody(rejection, request.requestId, answers.problemsUrl)
  request.outcome = { status, code: rejection.code, reason }
  // Before the TLS handshake is complete nothing can be sent. It could be completed while the record is written, and what is
  // then written to the connection, which may have become one of HTTP/2, would end the process.
  const isReachable = !(socket instanceof TLSSocket) || socket.getPeerFinished() !== undefined
  if (isReachable) request.bytesOut = Buffer.byteLength(body)
  else socket.destroy()
  if (open === undefined && malformed.test(reason)) sources.traffic.noteSender(request)
  // Nothing was carried out, so it is answered even if its record cannot be written.
  answers.beforeEnd(request, () => {
    if (!isReachable) return
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nX-Request-Id: ${request.requestId}\r\n` +
        'Content-Type: application/problem+json\r\nCache-Control: no-store\r\nConnection: close\r\n' +
        // RFC 9110, section 6.6.1: every answer with status 4xx must have a Date.
        `Date: ${new Date().toUTCString()}\r\nContent-Length: ${request.bytesOut}\r\n\r\n${body}`,
    )
    closeInStages(socket)
  })
}

/** The event on which it is the turn of the answer to a broken message; undefined if it is now. */
function turnOf({ request, raw }: FastifyReply): 'close' | 'socket' | undefined {
  if (request.raw.complete || raw.writableEnded) return 'close'
  // The request itself broke off, and an earlier one is still to be answered.
  return raw.socket === null ? 'socket' : undefined
}

/** Stands in for a message that could not be read as a request at all. */
function unreadRequest(socket: Socket): RequestContext {
  return new RequestContext({
    method: 'UNKNOWN',
    rawTarget: '',
    rawHeaders: [],
    remoteIp: socket.remoteAddress,
    isTls: 'encrypted' in socket,
    hasBody: false,
    requestId: crypto.randomUUID(),
  })
}
