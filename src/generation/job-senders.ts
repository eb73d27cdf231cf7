import { endpointFinder } from '../authorize/composed-endpoint.ts'
import type { Endpoint } from '../contract/endpoint.ts'
import type { WholeAnswer } from '../contract/whole-answer.ts'
import { answerEndpoint } from '../endpoints/answer-endpoint.ts'
import type { Magento } from '../forward/magento.ts'
import type { ResponseCache } from '../forward/response-cache/response-cache.ts'
import type { UpstreamRequest } from '../forward/upstream-request.ts'
import type { JobSender } from '../jobs/job-environment.ts'
import type { JobRequest } from '../jobs/job-payload.ts'
import { type Rejection, reject } from '../problem.ts'
import { withPlainNames } from '../syntax/plain-names.ts'
import type { Integrations } from './integration.ts'

/** What jobs are sent with under one configuration. */
export interface JobSenderParts {
  readonly integrations: Integrations
  readonly upstream: Pick<Magento, 'send'>
  /** Undefined where no route is cached. */
  readonly cache: ResponseCache | undefined
  readonly endpoints: readonly Endpoint[]
  readonly enter: () => void
  readonly leave: () => void
}

/** Prepares senders of jobs. Each job is sent as a request of its integration would be, with fresh authorization. */
export function prepareJobSenders({
  integrations,
  upstream,
  cache,
  endpoints,
  enter,
  leave,
}: JobSenderParts): (owner: string) => JobSender | undefined {
  const send = cache === undefined ? upstream.send : cache.dropAfter(upstream.send)
  const find = endpointFinder(endpoints)
  return (owner) => {
    const integration = integrations.get(owner)
    if (integration === undefined) return undefined
    enter()
    const { authorizeUpstream, endpointSettings } = integration
    return {
      send: (occasion, request) => send(occasion, request, authorizeUpstream),
      compose: async (occasion, request, items) => {
        const matched = find(request.job.method, request.segments)
        if (matched === undefined) {
          return reject('upstream-unavailable', 'the endpoint is not there any more')
        }
        return answerEndpoint(
          { store: request.store, body: bodyOf(request), items },
          matched,
          endpointSettings,
          async (call) => orUnavailable(await send(occasion, call, authorizeUpstream)),
        )
      },
      dropCarriedOut: async ({ job, path, query }) => {
        const method = job.method as UpstreamRequest['method']
        await cache?.dropCarriedOut({ method, path, query })
      },
      leave,
    }
  }
}

/** The body, which was read as strict JSON before the job was accepted. */
function bodyOf({ body }: JobRequest): unknown {
  if (body.length === 0) return undefined
  return JSON.parse(withPlainNames(body.toString('utf8')) ?? '') as unknown
}

/** Turns a 429 or 503 of Magento into a refusal after which the job is sent again, though it may come without JSON. */
function orUnavailable(sent: WholeAnswer | Rejection): WholeAnswer | Rejection {
  if ('code' in sent || (sent.status !== 429 && sent.status !== 503)) return sent
  const { status, retryAfterSeconds } = sent
  const asked = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  return reject('upstream-unavailable', `status ${status}`, asked)
}
