import type { AnswerStore } from '../../contract/answer-store.ts'
import { apiRoute } from '../../contract/api-route.ts'
import type { WholeAnswer } from '../../contract/whole-answer.ts'
import { type ProblemCode, type Rejection, statusOf } from '../../problem.ts'
import type { Outcome, RequestContext } from '../../request-context.ts'
import type { AnswerSettings } from '../../server/answer.ts'
import type { SendUpstream, UpstreamRequest } from '../upstream-request.ts'
import { type TaggedRequest, tagsOfWrite } from './cache-tags.ts'

/** Drops from the cache what writes have changed. */
export interface CachedWrites {
  /**
   * To be called when a write is about to be sent. Sets `request.dropChanged`, which drops what the write names,
   * however it ended; it does so once, and must be called before the answer leaves.
   */
  readonly begin: (request: RequestContext) => void
  /**
   * Makes a sender, that of jobs, drop what each of its writes may have changed. That is a whole family, since only the
   * settings of a granted route say where a request names its entities.
   */
  readonly dropAfter: (send: SendUpstream) => SendUpstream
  /** Drops as much for a write that Magento had put into its own queue and has now carried out. */
  readonly dropCarriedOut: (write: SentWrite) => Promise<void>
}

/** What is known of a write that was sent. */
export type SentWrite = Pick<UpstreamRequest, 'method' | 'path' | 'query'>

/**
 * Prepares {@link CachedWrites}.
 * @param holdOffMs how long nothing is cached of what a write changes that Magento may still be carrying out
 */
export function prepareCachedWrites(store: AnswerStore, holdOffMs: number): CachedWrites {
  function drop(write: TaggedRequest, isDone: boolean): void | Promise<void> {
    const tags = tagsOfWrite(write)
    return tags.length === 0 ? undefined : store.drop(tags, isDone ? 0 : holdOffMs)
  }

  return {
    begin: (request) => {
      request.dropChanged = (outcome = request.outcome) => {
        request.dropChanged = undefined
        return wasSent(request, outcome) ? drop(request, isOver(request, outcome)) : undefined
      }
    },
    dropAfter: (send) => async (occasion, request, authorize) => {
      const answer = await send(occasion, request, authorize)
      if (request.method === 'GET') return answer
      const outcome = outcomeOf(answer)
      const write = sentWrite(request)
      if (!unsent.has(outcome.code)) await drop(write, isOver(write, outcome))
      return answer
    },
    dropCarriedOut: async (write) => drop(sentWrite(write), true),
  }
}

/** Holds the answer to a write until what it has changed is dropped, so that its caller then sees the change. */
export function dropCachedFirst(
  beforeEnd: AnswerSettings['beforeEnd'],
): AnswerSettings['beforeEnd'] {
  return (request, end) => {
    const dropped = request.dropChanged?.()
    if (dropped === undefined) beforeEnd(request, end)
    else void dropped.then(() => beforeEnd(request, end))
  }
}

/** How a request ended that is answered so. */
export function outcomeOf(answer: WholeAnswer | Rejection): Outcome {
  if ('code' in answer) return { status: statusOf(answer), code: answer.code }
  return { status: answer.status }
}

/** Problems which mean that nothing was sent. */
const unsent: ReadonlySet<string | undefined> = new Set<ProblemCode>([
  'circuit-open',
  'upstream-busy',
  'upstream-unreachable',
])

const noBody = Buffer.alloc(0)

function sentWrite({ method, path, query }: SentWrite): TaggedRequest {
  const [first = '', ...rest] = path.split('/').slice(2)
  const isStore = first !== 'V1' && first !== 'async'
  const target = isStore
    ? { path, query, store: first, segments: rest }
    : { path, query, store: undefined, segments: [first, ...rest] }
  const unread = { routeVariables: undefined, json: undefined, auditDetails: undefined }
  return { method, target, body: noBody, endpoint: undefined, subjects: undefined, ...unread }
}

/** Whether Magento may have received something of a request. */
function wasSent(
  { upstream, endpoint }: Pick<RequestContext, 'upstream' | 'endpoint'>,
  outcome: Outcome | undefined,
): boolean {
  if (upstream === undefined) return false
  // An endpoint makes several calls, and an earlier one may have been carried out.
  return endpoint !== undefined || outcome?.code !== 'upstream-unreachable'
}

/** Whether Magento is certainly done with a write. */
function isOver({ target, endpoint }: TaggedRequest, outcome: Outcome | undefined): boolean {
  const called = (endpoint?.endpoint.calls ?? []).map(({ segments }) => segments)
  const paths = [target.segments, ...called]
  const isLater = paths.some((segments) => apiRoute(segments).execution !== 'sync')
  if (isLater || outcome === undefined) return false
  // It is not if the caller left, the connection broke off, or Magento or a server in front of it did not answer in time.
  return ![499, 504].includes(outcome.status) && outcome.code !== 'upstream-failed'
}
