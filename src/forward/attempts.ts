import { performance } from 'node:perf_hooks'
import type { UpstreamExchange } from '../contract/upstream-exchange.ts'
import type { WholeAnswer } from '../contract/whole-answer.ts'
import { type Rejection, reject } from '../problem.ts'
import type { RequestContext } from '../request-context.ts'
import { newSpanId } from '../syntax/span-id.ts'
import { hasMagentoFailed } from './gate/magento-failure.ts'
import type { UpstreamGate } from './gate/upstream-gate.ts'
import type { Guest } from './gate/waiting-room.ts'
import type { AuthorizeUpstream, UpstreamAttempt } from './upstream-credentials.ts'

/** The request of a caller, or what else Magento is asked on behalf of an integration for. */
export type Sender = Guest &
  Pick<RequestContext, 'upstream'> &
  Partial<Pick<RequestContext, 'outcome'>>

/** What is left to be answered; undefined if the answer has been given, or none is to be given. */
export type LeftToAnswer = WholeAnswer | Rejection | undefined

/**
 * Makes one attempt, which begins with {@link beginExchange} if it sends anything.
 * @param asked what is sent, or whom it is sent for
 * @param spanId W3C Trace Context parent id that Magento is sent
 * @param leftMs longest that it may take, whole milliseconds: Node keeps one list of timers for each duration
 * @returns the next attempt to make, or the result of all; undefined at once if nothing is to be sent any more
 */
export type SendOnce<From extends Sender, Asked> = (
  from: From,
  asked: Asked,
  attempt: UpstreamAttempt,
  spanId: string,
  leftMs: number,
) => Promise<UpstreamAttempt | LeftToAnswer> | undefined

/**
 * Takes a request through the gate, and makes the attempts that its credentials ask for, until there is a result.
 * @param withinMs how much time it has for all of that
 * @returns the result; undefined also if the caller left while it waited, and nothing was sent
 */
export type SendThroughGate<From extends Sender, Asked> = (
  from: From,
  authorize: (from: From) => ReturnType<AuthorizeUpstream>,
  asked: Asked,
  withinMs: number,
) => Promise<LeftToAnswer>

/** The answer to a request whose time was over when its turn came. To send it would leave open whether it was done. */
export const outOfTime = reject('upstream-busy', 'deadline', { retryAfterSeconds: 1 })

/**
 * Prepares {@link SendThroughGate}.
 * @param fairMs with less time than this, a request that gets no answer says nothing about Magento; milliseconds
 */
export function prepareAttempts<From extends Sender, Asked>(
  gate: UpstreamGate,
  fairMs: number,
  sendOnce: SendOnce<From, Asked>,
): SendThroughGate<From, Asked> {
  return async (from, authorize, asked, withinMs) => {
    const deadline = performance.now() + withinMs
    const entered = gate.enter(from, withinMs)
    const pass = typeof entered === 'number' ? entered : await entered
    if (typeof pass !== 'number') return pass
    const before = from.upstream
    // All that is sent for one request shares one span.
    const spanId = before?.spanId ?? newSpanId()
    let result: UpstreamAttempt | LeftToAnswer
    try {
      const first = authorize(from)
      // Most credentials are at hand; no turn of the event loop is spent on them.
      result = first instanceof Promise ? await awaitCredential(from, first) : first
      while (isAttempt(result)) {
        const leftMs = Math.ceil(deadline - performance.now())
        // The queue, or a token, may have taken all of the time.
        result = leftMs <= 0 ? outOfTime : await sendOnce(from, asked, result, spanId, leftMs)
      }
      return result
    } finally {
      const made = exchangeSince(before, from.upstream)
      const rejection = result !== undefined && 'code' in result ? result : undefined
      const hasFailed = hasMagentoFailed(made, from.outcome, rejection, fairMs)
      gate.leave(pass, from, hasFailed, made?.durationMs)
    }
  }
}

/**
 * Waits for a credential, the first one or another one after a 401. A token may have to be fetched from Magento first,
 * which is no time of the gateway.
 */
export async function awaitCredential<Result>(
  from: Sender,
  credential: Promise<Result>,
): Promise<Result> {
  const since = performance.now()
  from.waitsSince = since
  try {
    return await credential
  } finally {
    from.waitsSince = undefined
    from.waitedMs = (from.waitedMs ?? 0) + performance.now() - since
  }
}

/** Notes that Magento is asked from now on. What earlier attempts and calls took counts as well. */
export function beginExchange(from: Sender, spanId: string, origin: string): UpstreamExchange {
  const startedAt = performance.now() - (from.upstream?.durationMs ?? 0)
  const exchange = { startedAt, spanId, origin }
  from.upstream = exchange
  return exchange
}

function isAttempt(result: UpstreamAttempt | LeftToAnswer): result is UpstreamAttempt {
  return result !== undefined && 'authorization' in result
}

/** What was exchanged since; undefined if nothing was sent. */
function exchangeSince(
  before: UpstreamExchange | undefined,
  now: UpstreamExchange | undefined,
): UpstreamExchange | undefined {
  if (now === before) return undefined
  if (now === undefined || before === undefined) return now
  return { ...now, durationMs: (now.durationMs ?? 0) - (before.durationMs ?? 0) }
}
