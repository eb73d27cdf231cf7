import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { FastifyReply } from 'fastify'
import { errorCode } from '../contract/error-code.ts'
import { type ProblemCode, problemBody, reject, statusOf } from '../problem.ts'
import { RequestContext } from '../request-context.ts'
import type { Traffic } from '../traffic.ts'

const codes: Readonly<Record<string, ProblemCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
  HPE_HEADER_OVERFLOW: 'headers-too-large',
}

/** What a caller wrote, and neither what it did not write in time nor what TLS could not agree on. */
const isOfParser = /^(?:HPE|HTTP)_/

/** Answers that are not complete, by their connection; the last one where requests are pipelined. */
export type OpenReplies = WeakMap<Socket, FastifyReply>

/** What the answer to a broken message depends on. */
export interface ClientErrorSources {
  /** Of what came in under no request that could be read. */
  readonly traffic: Pick<Traffic, 'answers' | 'noteUnread'>
  readonly openReplies: OpenReplies
}

/**
 * Answers what the HTTP parser refused, or what did not arrive in time, and ends the connection.
 * It is recorded with what is known: the request whose body was cut off, else the address alone. An
 * earlier request on the same connection that is still being answered gets its answer first.
 */
export function answerClientError(error: Error, socket: Socket, sources: ClientErrorSources): void {
  const reason = errorCode(error)
  // Nobody is there to be answered; a request that was under way is recorded when it closes.
  if (reason === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const open = sources.openReplies.get(socket)
  if (open?.request.raw.complete) {
    open.raw.once('close', () => {
      answerClientError(error, socket, sources)
    })
    return
  }
  const rejection = reject(codes[reason] ?? 'malformed-http', reason)
  const status = statusOf(rejection)
  const request = open?.request.context ?? unreadRequest(socket)
  const { answers } = open?.request.traffic ?? sources.traffic
  const body = problemBody(rejection, request.requestId, answers.problemsUrl)
  request.outcome = { status, code: rejection.code, reason }
  request.bytesOut = Buffer.byteLength(body)
  if (open === undefined && isOfParser.test(reason)) sources.traffic.noteUnread(request)
  // Nothing was done that would have to be recorded at any price, so it is answered in any case.
  answers.hold(request, () => {
    // Before the end of a TLS handshake nothing can be said, and Node would wait to say it.
    if (socket instanceof TLSSocket && socket.getPeerFinished() === undefined) {
      socket.destroy()
      return
    }
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nX-Request-Id: ${request.requestId}\r\n` +
        'Content-Type: application/problem+json\r\nCache-Control: no-store\r\nConnection: close\r\n' +
        `Content-Length: ${request.bytesOut}\r\n\r\n${body}`,
    )
    socket.destroySoon()
  })
}

/** Stands for a message of which not even the first line could be taken for a request. */
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
