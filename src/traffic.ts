import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { errorCode } from './forward/upstream-failure.ts'
import type { Integration, Integrations } from './generation/integration.ts'
import { allow, type Stage } from './policy.ts'
import { type Rejection, reject } from './problem.ts'
import { RequestContext } from './request-context.ts'
import { type AnswerSettings, answerProblem } from './server/answer.ts'
import type { OpenReplies } from './server/client-error.ts'
import { atEndOfTurn } from './server/end-of-turn.ts'
import { hasBody } from './server/has-body.ts'
import { isPipelinedTooFar, tooManyPipelined } from './server/pipelined.ts'
import { clientCertificateOf, rawTargetOf } from './server/server.ts'
import { type NamedCheck, runChecks, type StageResult } from './stages.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the configuration that held when the request came in; there from the first hook on. */
    traffic: Traffic
  }
}

/** What walks a request through the pipeline, as one configuration has it. */
export interface Traffic {
  /** The steps that every request passes before those of its integration. */
  readonly steps: readonly NamedCheck[]
  readonly integrations: Integrations
  /** Stands for callers that claim to be no integration that is known. */
  readonly nobody: Integration
  readonly answers: AnswerSettings
  /** Notes that one more needs it; {@link leave} ends that. */
  readonly enter: () => void
  readonly leave: () => void
  /** Answers a request that no policy has refused; calls back when it needs Magento no more. */
  readonly respond: (request: RequestContext, response: ServerResponse, done: () => void) => void
  /** Called once for every request, when its connection is done with it. */
  readonly record: (request: RequestContext) => void
  /** Takes note of a message that could not be read as a request, on the address that it came from. */
  readonly noteUnread: (request: RequestContext) => void
  readonly log: Logger
}

/** The integration that a request claims to come from, and once verified does come from. */
export function integrationOf(
  traffic: Pick<Traffic, 'integrations' | 'nobody'>,
  { claimed, claimFault }: RequestContext,
): Integration {
  if (claimFault !== undefined) return traffic.nobody
  return traffic.integrations.get(claimed?.integration ?? '') ?? traffic.nobody
}

/**
 * Hangs the three stages and the record on the hooks of the server.
 * @param current asked once for each request, when it comes in
 */
export function addPipelineHooks(
  app: FastifyInstance,
  current: () => Traffic,
  openReplies: OpenReplies,
): void {
  app.decorateRequest('gate', null as unknown as RequestContext)
  app.decorateRequest('traffic', null as unknown as Traffic)

  app.addHook('onRequest', (request, reply, done) => {
    const traffic = current()
    traffic.enter()
    request.traffic = traffic
    request.gate = contextOf(request)
    const { socket } = request.raw
    openReplies.set(socket, reply)
    // Not onResponse, which is not called for a caller that went away.
    reply.raw.on('close', () => {
      if (openReplies.get(socket) === reply) openReplies.delete(socket)
      request.gate.end()
      traffic.record(request.gate)
      traffic.leave()
    })
    // Only an answer that waits for another one has no socket yet.
    if (reply.raw.socket === null && isPipelinedTooFar(reply.raw, socket)) {
      reply.hijack()
      reply.raw.shouldKeepAlive = false
      answerProblem(reply.raw, request.gate, tooManyPipelined, traffic.answers)
      return
    }
    settle(
      traffic,
      reply,
      then(runChecks(traffic.steps, request.gate), (steps) =>
        steps.verdict === allow ? runStage(traffic, 'admit', request.gate) : steps,
      ),
      done,
    )
  })

  const authenticate = atEndOfTurn<Arrived>(({ request, reply, done }) => {
    const { traffic, gate } = request
    try {
      settle(traffic, reply, runStage(traffic, 'authenticate', gate), done)
    } catch (error) {
      done(error as Error)
    }
  })
  app.addHook('preValidation', (request, reply, done) => {
    if (request.body instanceof Buffer) request.gate.body = request.body
    authenticate({ request, reply, done })
  })

  app.addHook('preHandler', (request, reply, done) => {
    const { traffic } = request
    request.gate.verified = integrationOf(traffic, request.gate).name
    settle(traffic, reply, runStage(traffic, 'authorize', request.gate), done)
  })

  app.setErrorHandler((error, request, reply) => {
    reply.hijack()
    const { traffic, gate } = request
    answerProblem(reply.raw, gate, rejectionOf(traffic, error, gate), traffic.answers)
  })

  app.setNotFoundHandler((request, reply) => {
    reply.hijack()
    const rejection = reject('method-not-allowed', 'no route for this method')
    answerProblem(reply.raw, request.gate, rejection, request.traffic.answers)
  })
}

/** A request that is here with its whole body. */
interface Arrived {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly done: (error?: Error) => void
}

function contextOf(request: FastifyRequest): RequestContext {
  const { id, method, raw } = request
  return new RequestContext({
    method,
    rawTarget: rawTargetOf(raw),
    rawHeaders: raw.rawHeaders,
    remoteIp: raw.socket.remoteAddress,
    isTls: 'encrypted' in raw.socket,
    clientCertificate: clientCertificateOf(raw.socket),
    hasBody: hasBody(raw.headers),
    requestId: id,
  })
}

function runStage(
  traffic: Traffic,
  stage: Stage,
  request: RequestContext,
): StageResult | Promise<StageResult> {
  return runChecks(integrationOf(traffic, request)[stage], request)
}

function then<In, Out>(value: In | Promise<In>, next: (value: In) => Out | Promise<Out>) {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** Lets the request go on, or answers the refusal; a check that throws becomes a 500. */
function settle(
  traffic: Traffic,
  reply: FastifyReply,
  result: StageResult | Promise<StageResult>,
  done: (error?: Error) => void,
): void {
  const proceed = ({ verdict, policy }: StageResult) => {
    if (verdict === allow) return done()
    reply.hijack()
    answerProblem(reply.raw, reply.request.gate, verdict, traffic.answers, policy)
  }
  if (result instanceof Promise) result.then(proceed, done)
  else proceed(result)
}

/** What the server's own errors mean, by code. */
function rejectionOf({ log }: Traffic, error: unknown, gate: RequestContext): Rejection {
  const code = errorCode(error)
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return reject('body-too-large', code)
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return reject('unsupported-media-type', code)
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return reject('request-timeout', code)
  if (code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH' || code === 'ECONNRESET') {
    return reject('bad-request', code, { detail: 'The body is not as long as announced.' })
  }
  return failure(log, gate, error)
}

/** What is answered when the gateway itself failed: a bug or a broken dependency, for the log. */
export function failure(log: Logger, { requestId }: RequestContext, error: unknown): Rejection {
  log.error({ requestId, err: error }, 'request failed')
  return reject('internal-error', errorCode(error))
}
