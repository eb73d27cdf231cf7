import type { Socket } from 'node:net'
import type { RawAnswer } from '../support/raw-upstream.ts'

/** What Magento can do instead of answering well, and what becomes of a request then. */
export interface UpstreamFault {
  /** What Magento does; it is the name of a test, and docs/failure-modes.md names that. */
  readonly magento: string
  readonly does: RawAnswer
  /** What the caller gets. */
  readonly status: number
  /** Undefined where the answer of Magento is passed on. */
  readonly code: string | undefined
  /** The body that is passed on. */
  readonly body?: string
  readonly retryAfter?: string
  /** What the record tells the operator. */
  readonly reason?: RegExp
  readonly upstreamStatus?: number
}

const crlf = '\r\n'
const page = '<!doctype html><title>Error</title><h1>on 10.20.30.40:8081, see /var/www/magento</h1>'
const later = '{"message":"later"}'
const internalError = '{"message":"Internal Error. Details are in the log."}'

function head(status: string, ...fields: string[]): string {
  return [`HTTP/1.1 ${status}`, ...fields, '', ''].join(crlf)
}

function answers(text: string): RawAnswer {
  return (socket) => socket.write(text)
}

function html(status: string, ...fields: string[]): RawAnswer {
  const type = 'Content-Type: text/html; charset=UTF-8'
  return answers(head(status, type, `Content-Length: ${page.length}`, ...fields) + page)
}

function json(status: string, body: string, ...fields: string[]): RawAnswer {
  const type = 'Content-Type: application/json; charset=utf-8'
  return answers(head(status, type, `Content-Length: ${body.length}`, ...fields) + body)
}

/** Writes a text, and then goes on with a piece of it for as long as somebody listens. */
function drips(begin: string, piece: string): RawAnswer {
  return (socket) => {
    socket.write(begin)
    const timer = setInterval(() => socket.write(piece), 20)
    socket.once('close', () => clearInterval(timer))
  }
}

/** Writes as fast as the other side takes it. */
function floods(begin: string): RawAnswer {
  const piece = 'x'.repeat(65_536)
  return (socket) => {
    socket.write(begin)
    const fill = () => {
      while (!socket.destroyed && socket.write(piece));
    }
    socket.on('drain', fill)
    fill()
  }
}

function resets(begin: string): RawAnswer {
  return (socket) => reset(socket, begin)
}

function reset(socket: Socket, begin: string): void {
  if (begin === '') socket.resetAndDestroy()
  else socket.write(begin, () => socket.resetAndDestroy())
}

const ok100 = head('200 OK', 'Content-Type: application/json', 'Content-Length: 100')
// RFC 9112, section 6.3: it ends with the connection.
const okUntilClosed = head('200 OK', 'Content-Type: application/json', 'Connection: close')
const broke = { status: 502, code: 'upstream-failed' } as const
const late = { status: 504, code: 'upstream-timeout' } as const

/** Each of them is struck with a read and with a write. */
export const upstreamFaults: readonly UpstreamFault[] = [
  {
    magento: 'resets the connection before its headers',
    does: resets(''),
    ...broke,
    reason: /^UND_ERR_SOCKET$/,
  },
  {
    magento: 'closes the connection without an answer',
    does: (socket) => socket.end(),
    ...broke,
    reason: /^UND_ERR_SOCKET$/,
  },
  {
    magento: 'resets the connection within its headers',
    does: resets('HTTP/1.1 200 OK\r\nContent-Ty'),
    ...broke,
    reason: /^UND_ERR_SOCKET$/,
  },
  {
    magento: 'resets the connection within its body',
    does: resets(`${ok100}{"sku":"24`),
    ...broke,
    reason: /^UND_ERR_SOCKET$/,
    upstreamStatus: 200,
  },
  {
    magento: 'resets the connection within a body that was to end with it',
    does: resets(`${okUntilClosed}{"sku":"24`),
    ...broke,
    reason: /^UND_ERR_SOCKET$/,
    upstreamStatus: 200,
  },
  {
    magento: 'stalls before its headers',
    does: () => undefined,
    ...late,
    reason: /^UND_ERR_HEADERS_TIMEOUT$/,
  },
  {
    magento: 'stalls within its headers',
    does: answers('HTTP/1.1 200 OK\r\nContent-Ty'),
    ...late,
    reason: /^UND_ERR_HEADERS_TIMEOUT$/,
  },
  {
    magento: 'stalls within its body',
    does: answers(`${ok100}{"sku":"24`),
    ...late,
    reason: /^UND_ERR_BODY_TIMEOUT$/,
    upstreamStatus: 200,
  },
  {
    magento: 'drips its headers',
    does: drips('HTTP/1.1 200 OK\r\nX: ', 'x'),
    ...late,
    reason: /^(UND_ERR_HEADERS_TIMEOUT|TOTAL_TIMEOUT)$/,
  },
  {
    magento: 'drips its body',
    does: drips(head('200 OK', 'Transfer-Encoding: chunked'), `1${crlf}x${crlf}`),
    ...late,
    reason: /^TOTAL_TIMEOUT$/,
    upstreamStatus: 200,
  },
  {
    magento: 'announces its answer for ever',
    does: drips('', head('103 Early Hints', 'Link: </a>')),
    ...late,
    reason: /^TOTAL_TIMEOUT$/,
  },
  {
    magento: 'answers 503 in JSON',
    does: json('503 Service Unavailable', later),
    status: 503,
    code: undefined,
    body: later,
    upstreamStatus: 503,
  },
  {
    magento: 'answers 503 in JSON, with Retry-After',
    does: json('503 Service Unavailable', later, 'Retry-After: 7'),
    status: 503,
    code: undefined,
    body: later,
    retryAfter: '7',
    upstreamStatus: 503,
  },
  {
    magento: 'answers with a page of status 503',
    does: html('503 Service Unavailable'),
    status: 503,
    code: 'upstream-unavailable',
    upstreamStatus: 503,
  },
  {
    magento: 'answers with a page of status 503, with Retry-After in seconds',
    does: html('503 Service Unavailable', 'Retry-After: 120'),
    status: 503,
    code: 'upstream-unavailable',
    retryAfter: '120',
    upstreamStatus: 503,
  },
  {
    magento: 'answers with a page of status 503, with Retry-After as a date',
    does: html('503 Service Unavailable', 'Retry-After: Sun, 06 Nov 1994 08:49:37 GMT'),
    status: 503,
    code: 'upstream-unavailable',
    retryAfter: '0',
    upstreamStatus: 503,
  },
  {
    magento: 'answers with a page of status 504',
    does: html('504 Gateway Time-out'),
    ...late,
    upstreamStatus: 504,
  },
  {
    magento: 'answers with a page of status 502',
    does: html('502 Bad Gateway'),
    status: 502,
    code: 'upstream-error',
    upstreamStatus: 502,
  },
  {
    magento: 'answers with a page of status 500',
    does: html('500 Internal Server Error'),
    status: 502,
    code: 'upstream-error',
    upstreamStatus: 500,
  },
  {
    magento: 'answers with a page of status 500 that does not end',
    does: floods(head('500 Internal Server Error', 'Content-Type: text/html')),
    status: 502,
    code: 'upstream-error',
    upstreamStatus: 500,
  },
  {
    magento: 'answers with a page of status 404',
    does: html('404 Not Found'),
    status: 404,
    code: undefined,
    body: page,
    upstreamStatus: 404,
  },
  {
    magento: 'answers 500 in JSON',
    does: json('500 Internal Server Error', internalError),
    status: 500,
    code: undefined,
    body: internalError,
    upstreamStatus: 500,
  },
  {
    magento: 'answers 600 in JSON',
    does: json('600 Odd', internalError),
    status: 502,
    code: 'upstream-error',
    upstreamStatus: 600,
  },
  {
    magento: 'sends less than announced',
    does: (socket) => socket.end(`${ok100}{"sku":"24-MB01"}`),
    ...broke,
    reason: /^(UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH)$/,
    upstreamStatus: 200,
  },
  {
    magento: 'sends more than announced',
    does: answers(`${head('200 OK', 'Content-Length: 2')}{}${head('200 OK')}{"of":"another"}`),
    status: 200,
    code: undefined,
    body: '{}',
    upstreamStatus: 200,
  },
  {
    magento: 'announces two lengths',
    does: answers(`${head('200 OK', 'Content-Length: 2', 'Content-Length: 4')}{}{}`),
    ...broke,
    reason: /^UND_ERR_RES_CONTENT_LENGTH_MISMATCH$/,
  },
  {
    magento: 'compresses the transfer, which nobody asked for',
    does: answers(`${head('200 OK', 'Transfer-Encoding: gzip, chunked')}2\r\n{}\r\n0\r\n\r\n`),
    ...broke,
    reason: /^TRANSFER_CODING$/,
    upstreamStatus: 200,
  },
  {
    magento: 'sends headers without end',
    does: floods('HTTP/1.1 200 OK\r\nX: '),
    ...broke,
    reason: /^UND_ERR_HEADERS_OVERFLOW$/,
  },
  {
    magento: 'sends what is not HTTP',
    does: answers('SSH-2.0-OpenSSH_9.2p1\r\n'),
    ...broke,
    reason: /^HTTPParserError$/,
  },
  {
    magento: 'changes to another protocol',
    does: answers(head('101 Switching Protocols', 'Upgrade: x', 'Connection: Upgrade')),
    ...broke,
    reason: /^UND_ERR_SOCKET$/,
  },
]

/** The same after a part of an answer has been passed on: a status cannot be taken back. */
export interface CutFault extends Omit<UpstreamFault, 'body' | 'retryAfter'> {
  readonly upstreamStatus: 200
}

const long = head('200 OK', 'Content-Length: 1000000') + 'x'.repeat(200_000)

/** What the caller gets of these is a connection that is cut; `status` and `code` stand in the record. */
export const cutFaults: readonly CutFault[] = [
  {
    magento: 'resets the connection within a long answer',
    does: resets(long),
    ...broke,
    upstreamStatus: 200,
  },
  {
    magento: 'sends less of a long answer than announced',
    does: (socket) => socket.end(long),
    ...broke,
    upstreamStatus: 200,
  },
  {
    magento: 'stalls within a long answer',
    does: answers(long),
    ...late,
    reason: /^UND_ERR_BODY_TIMEOUT$/,
    upstreamStatus: 200,
  },
  {
    magento: 'drips a long answer',
    does: drips(long, 'x'),
    ...late,
    reason: /^TOTAL_TIMEOUT$/,
    upstreamStatus: 200,
  },
  {
    magento: 'answers without end',
    does: floods(head('200 OK', 'Content-Type: application/json')),
    ...late,
    reason: /^TOTAL_TIMEOUT$/,
    upstreamStatus: 200,
  },
]
