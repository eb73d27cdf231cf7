import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WholeAnswer } from '../contract/whole-answer.ts'
import { problemBody, type Rejection, reject, statusOf } from '../problem.ts'
import type { Outcome, RequestContext } from '../request-context.ts'
import { firstValue } from '../syntax/headers.ts'
import { breakOff } from './break-off.ts'
import { standingHeaders } from './standing-headers.ts'

/** What every answer of the gateway depends on besides its request. */
export interface AnswerSettings {
  /** Base of the `type` URI of problems. */
  readonly problemsUrl: string
  /** Whether each connection is to close after its current answer. */
  readonly isDraining: () => boolean
  /**
   * Does what must be done before the answer to a request ends, and then calls back: the answer to a write waits until
   * its record has been written. `request.outcome` must be set before. It calls back with false if the record could not
   * be written, so that the request must be answered with {@link unrecorded} instead.
   */
  readonly beforeEnd: (request: RequestContext, end: (mayAnswer: boolean) => void) => void
  /** How long a caller may take to read the rest of an answer that has ended, milliseconds. */
  readonly readMs: number
  /** Told of an answer that was broken off because writing it failed: a bug. */
  readonly onUnwritten: (request: RequestContext, error: unknown) => void
}

/**
 * Ends an answer as soon as it may end. If writing it fails it is broken off: `end` may run in a later turn,
 * where an error would reach no caller and would end the process.
 */
export function endWhenReady(
  response: ServerResponse,
  request: RequestContext,
  settings: AnswerSettings,
  end: (mayAnswer: boolean) => void,
): void {
  orBreakOff(response, request, settings, () =>
    settings.beforeEnd(request, (mayAnswer) =>
      orBreakOff(response, request, settings, () => {
        end(mayAnswer)
        boundReading(response, request, settings)
      }),
    ),
  )
}

/** Cuts off a caller that does not read the rest of an answer that has ended. */
export function boundReading(
  response: ServerResponse,
  request: RequestContext,
  settings: AnswerSettings,
): void {
  if (response.writableLength === 0 || response.destroyed) return
  if (response.socket === null) {
    // An earlier answer on this connection has its turn first.
    response.once('socket', () => boundReading(response, request, settings))
    return
  }
  const timer = setTimeout(() => {
    // A refusal still counts as a refusal: the caller may well have read its head.
    if (request.outcome?.code === undefined) request.outcome = unread
    breakOff(response)
  }, settings.readMs)
  response.once('close', () => clearTimeout(timer))
}

/** Breaks the answer off if writing it fails: nothing is left that could answer, and so the caller at least notices. */
function orBreakOff(
  response: ServerResponse,
  request: RequestContext,
  settings: AnswerSettings,
  act: () => void,
): void {
  try {
    act()
  } catch (error) {
    settings.onUnwritten(request, error)
    breakOff(response)
  }
}

/**
 * The outcome of a request whose caller left before it had its answer. Web servers commonly log that as
 * 499, a status that is never sent to anybody.
 */
export const clientClosed: Outcome = {
  status: 499,
  code: 'client-closed',
  reason: 'the caller went away',
}

/** The outcome of a request whose caller did not read its answer. */
const unread: Outcome = { ...clientClosed, reason: 'the caller did not read its answer in time' }

/** The outcome of a request that came behind the last one that its connection was to carry. */
export const unanswerable: Outcome = {
  ...clientClosed,
  reason: 'its connection had ended with the answer to an earlier request',
}

/** A rejection, and the name of the step or policy that refused; absent if something else did. */
export interface Refusal extends Rejection {
  readonly policy?: string | undefined
}

/** Answers with a refusal, and notes it as the outcome of the request. It does not throw. */
export function answerProblem(
  response: ServerResponse,
  request: RequestContext,
  refusal: Refusal,
  settings: AnswerSettings,
): void {
  orBreakOff(response, request, settings, () => refuse(response, request, refusal, settings))
}

function refuse(
  response: ServerResponse,
  request: RequestContext,
  refusal: Refusal,
  settings: AnswerSettings,
): void {
  if (response.destroyed && request.outcome !== undefined) {
    // The answer has ended already, and its outcome is kept. What must be done at the end of a request is done all the
    // same.
    settings.beforeEnd(request, () => undefined)
    return
  }
  const { code, reason, policy } = refusal
  const status = statusOf(refusal)
  request.outcome = { status, code, reason, ...(policy !== undefined && { policy }) }
  if (response.headersSent || response.destroyed) {
    settings.beforeEnd(request, () => breakOff(response))
    return
  }
  const problem = problemOf(refusal, request, settings)
  // Node sends the head alone.
  request.bytesOut = request.method === 'HEAD' ? 0 : problem.body.length
  endWhenReady(response, request, settings, (mayAnswer) => {
    // What was not taken because it could not be recorded was certainly not done.
    const isTold = mayAnswer || code === unrecorded.code
    const shown = isTold ? problem : problemOf(unrecorded, request, settings)
    writeProblem(response, request, shown, settings)
  })
}

/** Gives a whole answer, and notes it as the outcome of the request. It does not throw. */
export function answerReady(
  response: ServerResponse,
  request: RequestContext,
  ready: WholeAnswer,
  settings: AnswerSettings,
): void {
  const { status, contentType, body, retryAfterSeconds } = ready
  request.outcome = response.destroyed ? clientClosed : { status }
  request.bytesOut = body.length
  if (request.keepsAnswer) request.keptAnswer = ready
  endWhenReady(response, request, settings, (mayAnswer) => {
    if (!mayAnswer) return answerProblem(response, request, unrecorded, settings)
    if (response.destroyed) return
    response.writeHead(status, [
      ...standingHeaders(response, request, settings.isDraining()),
      ...contentHeaders(status, contentType, body),
      ...(retryAfterSeconds === undefined ? [] : ['Retry-After', String(retryAfterSeconds)]),
    ])
    endWhole(response, body)
  })
}

/** Longer bodies are sent as they are, after their head, and not copied into a text together with it. */
const onePieceBytes = 65_536

/**
 * Ends an answer, whose head has been written, with its whole body: as a string of the same bytes, so that Node sends both
 * in a single write. Before a Buffer, it would put the head in front of all that still waits to be sent on the response,
 * as the `100 Continue` does of a request that is behind another one on its connection, and so has no socket yet.
 */
export function endWhole(response: ServerResponse, body: Buffer): void {
  if (body.length > onePieceBytes && response.socket !== null) response.end(body)
  else response.end(body.toString('latin1'), 'latin1')
}

/** Notes a whole answer of Magento, which is about to be given, as the outcome of a request. */
export function noteWhole(
  request: RequestContext,
  status: number,
  headers: readonly string[],
  body: Buffer,
): void {
  request.outcome = { status }
  request.bytesOut = body.length
  if (request.keepsAnswer) {
    request.keptAnswer = { status, contentType: firstValue(headers, 'content-type') ?? '', body }
  }
}

/** The answer to a write whose record could not be written. */
export const unrecorded = reject('audit-unavailable', 'the record could not be written', {
  detail: 'The request could not be recorded. What it asks for may have been done.',
})

/** A rejection, and the body that tells the caller. */
interface Problem {
  readonly rejection: Rejection
  readonly body: Buffer
}

function problemOf(
  rejection: Rejection,
  { requestId }: RequestContext,
  { problemsUrl }: AnswerSettings,
): Problem {
  return { rejection, body: Buffer.from(problemBody(rejection, requestId, problemsUrl)) }
}

function writeProblem(
  response: ServerResponse,
  request: RequestContext,
  { rejection, body }: Problem,
  settings: AnswerSettings,
): void {
  if (response.destroyed) return
  // The connection must close, or the rest of a body that nobody reads would be taken for the next request.
  // HTTP/2 keeps requests apart.
  const { complete, httpVersionMajor } = response.req
  const isBodyUnread = request.hasBody && !complete && httpVersionMajor === 1
  // Node closes the connection if the caller is never told to go on; requests behind this one may be under way.
  if (!isBodyUnread && request.hasBody && isAwaitingContinue(response.req)) response.writeContinue()
  response.writeHead(statusOf(rejection), [
    ...standingHeaders(response, request, isBodyUnread || settings.isDraining()),
    ...contentHeaders(statusOf(rejection), 'application/problem+json', body),
    ...codeHeaders(rejection),
  ])
  endWhole(response, body)
}

/** Whether a caller was to be told to go on with its body, which nobody has begun to read. */
function isAwaitingContinue({ headers, httpVersion, readableFlowing }: IncomingMessage): boolean {
  const isExpecting = httpVersion === '1.1' && /100-continue/i.test(headers.expect ?? '')
  return isExpecting && readableFlowing === null
}

/** Content fields of the gateway's own answers, and of those that it gives again. */
function contentHeaders(status: number, contentType: string, body: Buffer): string[] {
  return [
    ...(contentType === '' ? [] : ['Content-Type', contentType]),
    // RFC 9110, section 8.6.
    ...(status === 204 ? [] : ['Content-Length', String(body.length)]),
    ...['Cache-Control', 'no-store'],
  ]
}

/** Fields that go with certain refusals. */
function codeHeaders({ code, retryAfterSeconds }: Rejection): string[] {
  const headers: string[] = []
  // RFC 9110, section 15.5.2.
  if (code === 'unauthenticated') headers.push('WWW-Authenticate', 'Bearer realm="magegate"')
  // RFC 9110, section 15.5.6.
  if (code === 'method-not-allowed') headers.push('Allow', 'GET, POST, PUT, DELETE')
  if (retryAfterSeconds !== undefined) headers.push('Retry-After', String(retryAfterSeconds))
  return headers
}
