import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { errorCode } from './contract/error-code.ts'
import type { Claimant } from './generation/integration.ts'
import { allow, type Stage } from './policy.ts'
import { type Rejection, reject } from './problem.ts'
import { RequestContext } from './request-context.ts'
import { type AnswerSettings, answerProblem, type Refusal, unanswerable } from './server/answer.ts'
import { isHttp10 } from './server/break-off.ts'
import type { OpenReplies } from './server/client-error.ts'
import { closeInStagesAfter } from './server/close-in-stages.ts'
import { atEndOfTurn } from './server/end-of-turn.ts'
import { hasBody } from './server/has-body.ts'
import {
  admitPipelined,
  boundBehind,
  isBehindLastAnswer,
  noteLastAnswer,
  tooManyPipelined,
} from './server/pipelined.ts'
import { badLength, UnreadBody } from './server/read-body.ts'
import { clientCertificateOf, methodOf, rawTargetOf } from './server/server.ts'
import { type NamedCheck, runChecks, type StageVerdict } from './stages.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the configuration in force when the request arrived; set by the first hook. */
    traffic: Traffic
  }
}

/** Everything that takes a request through the pipeline under one configuration. */
export interface Traffic {
  /** The steps that every request passes before those of its integration. */
  readonly steps: readonly NamedCheck[]
  /** Whom a request claims to come from. */
  readonly claimantOf: (request: RequestContext) => Claimant
  readonly answers: AnswerSettings
  /** Counts one more user, which keeps the configuration alive until its {@link leave}. */
  readonly enter: () => void
  readonly leave: () => void
  /** Answers a request that no policy has refused; calls back when it no longer needs Magento. */
  readonly respond: (request: RequestContext, response: ServerResponse, done: () => void) => void
  /** Called once for every request, when its response has closed. */
  readonly record: (request: RequestContext) => void
  /** Notes whose address is to answer for a message that could not be parsed as a request. */
  readonly noteSender: (request: RequestContext) => void
  readonly log: Logger
}

/**
 * Puts the three stages, and the record of each request, on the hooks of the server.
 * @param current asked once for each request, when it arrives
 */
export function addPipelineHooks(
  app: FastifyInstance,
  current: () => Traffic,
  openReplies: OpenReplies,
): void {
  app.decorateRequest('context', null as unknown as RequestContext)
  app.decorateRequest('traffic', null as unknown as Traffic)

  app.addHook('onRequest', (request, reply, done) => {
    const traffic = current()
    traffic.enter()
    // Fastify puts it on all answers of a server that closes; only the last one on the connection is to have it.
    if (traffic.answers.isDraining()) reply.raw.removeHeader('Connection')
    request.traffic = traffic
    request.context = contextOf(request)
    const { socket } = request.raw
    openReplies.set(socket, reply)
    // Not the hook onResponse, which is not called when the caller has gone away.
    reply.raw.on('close', () => {
      if (openReplies.get(socket) === reply) openReplies.delete(socket)
      const { context } = request
      noteLeaving(context, reply.raw)
      context.end()
      traffic.record(context)
      traffic.leave()
    })
    // Its caller wants no further answer on the connection.
    if (reply.raw.shouldKeepAlive === false) closeInStagesAfter(request.raw)
    if (isBehindLastAnswer(socket)) {
      reply.hijack()
      request.context.outcome = unanswerable
      boundBehind(reply.raw, socket)
      return
    }
    // An answer has no socket yet only while it waits for an earlier one on its connection.
    if (reply.raw.socket === null && !admitPipelined(reply.raw, socket)) {
      refuseAsLast(reply, tooManyPipelined)
      return
    }
    // RFC 9112, section 6.1: its sender may have taken something else for the end of the message.
    if (isHttp10(request.raw) && request.raw.headers['transfer-encoding'] !== undefined) {
      refuseAsLast(reply, codedInHttp10)
      return
    }
    goOnOrRefuse(reply, runAdmit(traffic, request.context), done)
  })

  const authenticate = atEndOfTurn<Arrived>(({ request, reply, done }) => {
    const { traffic, context } = request
    try {
      goOnOrRefuse(reply, runStage(traffic, 'authenticate', context), done)
    } catch (error) {
      done(error as Error)
    }
  })
  app.addHook('preValidation', (request, reply, done) => authenticate({ request, reply, done }))

  app.addHook('preHandler', (request, reply, done) => {
    const { traffic, context } = request
    context.verified = traffic.claimantOf(context).name
    goOnOrRefuse(reply, runStage(traffic, 'authorize', context), done)
  })

  app.setErrorHandler((error, { traffic, context }, reply) => {
    refuse(reply, rejectionOf(traffic, error, context))
  })

  app.setNotFoundHandler((_request, reply) => {
    refuse(reply, reject('method-not-allowed', 'no route for this method'))
  })
}

/** Takes note of a caller that has left before its answer had ended, unless something else has cut that off. */
function noteLeaving(
  context: RequestContext,
  { writableEnded, headersSent }: Pick<ServerResponse, 'writableEnded' | 'headersSent'>,
): void {
  if (writableEnded || context.isRecorded || context.outcome?.code !== undefined) return
  context.hasCallerLeft = true
  // Nothing was sent of an answer that still waited for its key to be settled.
  if (!headersSent) context.bytesOut = 0
}

const codedInHttp10 = reject('bad-request', 'a transfer coding in HTTP/1.0', {
  detail: 'HTTP/1.0 has no transfer codings.',
})

/** A request whose whole body has arrived. */
interface Arrived {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly done: (error?: Error) => void
}

function contextOf(request: FastifyRequest): RequestContext {
  const { id, raw } = request
  return new RequestContext({
    method: methodOf(raw),
    rawTarget: rawTargetOf(raw),
    rawHeaders: raw.rawHeaders,
    remoteIp: raw.socket.remoteAddress,
    isTls: 'encrypted' in raw.socket,
    clientCertificate: clientCertificateOf(raw.socket),
    hasBody: hasBody(raw.headers),
    requestId: id,
  })
}

/** Runs the steps of every request, then the admit policies of the integration that they found. */
function runAdmit(traffic: Traffic, request: RequestContext): StageVerdict | Promise<StageVerdict> {
  const policies = (verdict: StageVerdict) =>
    verdict === allow ? runStage(traffic, 'admit', request) : verdict
  const verdict = runChecks(traffic.steps, request)
  return verdict instanceof Promise ? verdict.then(policies) : policies(verdict)
}

function runStage(
  traffic: Traffic,
  stage: Stage,
  request: RequestContext,
): StageVerdict | Promise<StageVerdict> {
  return runChecks(traffic.claimantOf(request)[stage], request)
}

/** Lets the request go on, or answers the refusal; a check that throws becomes a 500. */
function goOnOrRefuse(
  reply: FastifyReply,
  result: StageVerdict | Promise<StageVerdict>,
  done: (error?: Error) => void,
): void {
  if (result instanceof Promise) {
    const { traffic } = reply.request
    // Its caller may leave meanwhile. A stop then waits until what a check takes for it is given back.
    traffic.enter()
    result.then(
      (verdict) => {
        goOnOrRefuse(reply, verdict, done)
        traffic.leave()
      },
      (error: Error) => {
        done(error)
        traffic.leave()
      },
    )
  } else if (result === allow) done()
  else refuse(reply, result)
}

/** Answers a refusal in place of Fastify. */
function refuse(reply: FastifyReply, refusal: Refusal): void {
  const { context, traffic } = reply.request
  reply.hijack()
  answerProblem(reply.raw, context, refusal, traffic.answers)
}

/** The same, and ends the connection with the answer. */
function refuseAsLast(reply: FastifyReply, refusal: Refusal): void {
  reply.raw.shouldKeepAlive = false
  noteLastAnswer(reply.raw)
  refuse(reply, refusal)
}

/** The refusal that an error of the server itself stands for, by its code. */
function rejectionOf({ log }: Traffic, error: unknown, request: RequestContext): Rejection {
  if (error instanceof UnreadBody) return error.rejection
  const code = errorCode(error)
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return reject('unsupported-media-type', code)
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return reject('request-timeout', code)
  if (code === 'ECONNRESET') return { ...badLength, reason: code }
  return failure(log, request, error)
}

/** Logs a failure of the gateway itself, a bug or a broken dependency, and gives the answer to it. */
export function failure(log: Logger, { requestId }: RequestContext, error: unknown): Rejection {
  log.error({ requestId, err: error }, 'request failed')
  return reject('internal-error', errorCode(error))
}
