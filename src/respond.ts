import type { ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { type AnswerSettings, answerProblem, answerReady } from './answer.ts'
import { answerEndpoint } from './endpoints/answer-endpoint.ts'
import type { Magento } from './forward/magento.ts'
import type { Integration } from './integration.ts'
import type { Rejection } from './problem.ts'
import { openApiRoute, type RequestContext, type WholeAnswer } from './request-context.ts'
import { failure } from './traffic.ts'

/** What answers requests that every policy has let through. */
export interface Responders {
  readonly integrationOf: (request: RequestContext) => Integration
  readonly upstream: Magento
  readonly answers: AnswerSettings
  /** Of Magento, for the endpoints of the gateway's own. */
  readonly shop: { readonly sourceCode?: string | undefined; readonly arrayLimit: number }
  readonly log: Logger
}

/**
 * Prepares the answer to a request: Magento's, or one of the gateway's own.
 * @returns what answers a request and then calls back, once, when it needs Magento no more
 */
export function prepareRespond({ integrationOf, upstream, answers, shop, log }: Responders) {
  return function respond(request: RequestContext, response: ServerResponse, done: () => void) {
    const integration = integrationOf(request)
    const answer = (ready: WholeAnswer | Rejection | undefined) => {
      done()
      if (ready === undefined) return
      if ('code' in ready) answerProblem(response, request, ready, answers)
      else answerReady(response, request, ready, answers)
    }
    const { authorizeUpstream, sourceCode = shop.sourceCode } = integration
    if (request.repeatedAnswer !== undefined) return answer(request.repeatedAnswer)
    if (request.route === openApiRoute) {
      return answer({ status: 200, contentType: 'application/json', body: integration.openApi() })
    }
    const answered =
      request.endpoint === undefined
        ? upstream.forward(request, authorizeUpstream, response)
        : answerEndpoint(
            request,
            request.endpoint,
            { sourceCode, arrayLimit: shop.arrayLimit },
            authorizeUpstream,
            upstream.send,
          )
    answered.then(answer, (error: unknown) => answer(failure(log, request, error)))
  }
}
