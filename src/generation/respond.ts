import type { ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import type { Logger } from 'pino'
import { releaseJson } from '../contract/subjects.ts'
import type { WholeAnswer } from '../contract/whole-answer.ts'
import { answerEndpoint } from '../endpoints/answer-endpoint.ts'
import type { LeftToAnswer } from '../forward/attempts.ts'
import type { Magento } from '../forward/magento.ts'
import type { ResponseCache } from '../forward/response-cache/response-cache.ts'
import type { Jobs } from '../jobs/open-jobs.ts'
import { reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { type AnswerSettings, answerProblem, answerReady, clientClosed } from '../server/answer.ts'
import { failure } from '../traffic.ts'
import type { Integration, Integrations } from './integration.ts'

/** The parts that answer requests which every policy has let through. */
export interface Responders {
  readonly integrations: Integrations
  readonly upstream: Magento
  readonly answers: AnswerSettings
  /** Undefined where no route is cached. */
  readonly cache: ResponseCache | undefined
  /** Longest that a request may take at Magento, milliseconds. */
  readonly totalMs: number
  /** Undefined where the configuration has no jobs. */
  readonly jobs: Jobs | undefined
  readonly log: Logger
}

/**
 * Prepares what answers requests: with Magento's answer, or with one of the gateway's own.
 * @returns answers a request, an unexpected failure too, and calls back once when it no longer needs Magento
 */
export function prepareRespond(responders: Responders) {
  const { integrations, upstream, answers, cache, jobs, log } = responders

  function ask(
    request: RequestContext,
    response: ServerResponse,
    { authorizeUpstream, endpointSettings }: Integration,
    totalMs = responders.totalMs,
  ): Promise<LeftToAnswer> {
    if (request.endpoint === undefined) {
      releaseJson(request)
      return upstream.forward(request, authorizeUpstream, response, totalMs)
    }
    const until = performance.now() + totalMs
    const answered = answerEndpoint(
      { store: request.target.store, body: request.json?.value },
      request.endpoint,
      endpointSettings,
      async (call) => {
        // All its calls together may take as long as one forwarded request.
        const withinMs = Math.ceil(until - performance.now())
        if (withinMs <= 0) return reject('upstream-timeout', 'its calls took too long together')
        return upstream.send(request, { ...call, withinMs }, authorizeUpstream)
      },
    )
    return request.untilCarriedOut(answered)
  }

  function begin(
    request: RequestContext,
    response: ServerResponse,
  ): Promise<LeftToAnswer> | WholeAnswer | undefined {
    const { repeatedAnswer, ownRoute, deferral } = request
    if (repeatedAnswer !== undefined) return repeatedAnswer
    const integration = integrations.get(request.verified ?? '')
    if (integration === undefined) throw new TypeError('a request of no integration got this far')
    if (ownRoute === 'open-api') {
      return { status: 200, contentType: 'application/json', body: integration.openApi() }
    }
    if (jobs !== undefined) {
      if (ownRoute !== undefined) return request.untilCarriedOut(jobs.answer(request, ownRoute))
      if (deferral !== undefined) return request.untilCarriedOut(jobs.accept(request, deferral))
    }
    return cache === undefined
      ? ask(request, response, integration)
      : cache.answer(request, response, (totalMs) => ask(request, response, integration, totalMs))
  }

  return function respond(request: RequestContext, response: ServerResponse, done: () => void) {
    const answer = (ready: LeftToAnswer) => {
      if (ready !== undefined) {
        if ('code' in ready) answerProblem(response, request, ready, answers)
        else answerReady(response, request, ready, answers)
      }
      done()
    }
    const fail = (error: unknown) => answer(failure(log, request, error))
    // It was recorded when its caller left, perhaps before it was known whose it is. So nothing may be done for it now.
    if (response.destroyed) {
      request.outcome = clientClosed
      answers.beforeEnd(request, () => undefined)
      done()
      return
    }
    let begun: ReturnType<typeof begin>
    try {
      begun = begin(request, response)
    } catch (error) {
      return fail(error)
    }
    if (begun instanceof Promise) begun.then(answer, fail)
    else answer(begun)
  }
}
