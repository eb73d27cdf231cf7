import type { ServerResponse } from 'node:http'
import { performance } from 'node:perf_hooks'
import { LRUCache } from 'lru-cache'
import type {
  AnswerStore,
  KeptUnderKey,
  Lookup,
  StoredAnswer,
} from '../../contract/answer-store.ts'
import type { CacheRule, CacheUse } from '../../contract/cache-rule.ts'
import type { WholeAnswer } from '../../contract/whole-answer.ts'
import { type ProblemCode, reject, statusOf } from '../../problem.ts'
import type { RequestContext } from '../../request-context.ts'
import { type AnswerSettings, clientClosed } from '../../server/answer.ts'
import type { LeftToAnswer } from '../attempts.ts'
import { downStatuses } from '../gate/magento-failure.ts'
import { isTotalTimeout } from '../upstream-failure.ts'
import { answerStored, answerWhole } from './answer-stored.ts'
import { cacheKey, variantKey } from './cache-key.ts'
import { tagsOfRead } from './cache-tags.ts'
import { prepareDecision } from './decide-answer.ts'
import { endWithin, type Fill, type FillEnd, openFill } from './fill.ts'
import { ageOf, standsInForError, usability } from './freshness.ts'
import { type Wishes, wishesOf } from './wishes.ts'

/**
 * Asks Magento on behalf of a request, and passes its answer on.
 * @param totalMs longest that it may take
 */
export type AskMagento = (totalMs: number) => Promise<LeftToAnswer>

/** Answers reads of cached routes from the cache, or by asking Magento once for all who want the same. */
export type AnswerRead = (
  request: RequestContext,
  response: ServerResponse,
  rule: CacheRule,
  ask: AskMagento,
) => Promise<LeftToAnswer> | undefined

/** Everything that the cache needs from other parts. */
export interface CacheParts {
  readonly store: AnswerStore
  readonly answers: AnswerSettings
  /** Keeps the shop's answers apart from those of others in the same store. */
  readonly shop: string
  /** Longer answers are never kept. */
  readonly maxAnswerBytes: number
  /** Longest that a request waits for Magento, milliseconds. */
  readonly totalMs: number
  /** Counts requests that wait for an answer of Magento, their own or a shared one. */
  readonly countWaiting: (change: 1 | -1) => void
  /** Milliseconds since the epoch. */
  readonly clock: () => number
}

/** A request on its way through the cache. */
interface Visit {
  readonly request: RequestContext
  readonly response: ServerResponse
  readonly rule: CacheRule
  readonly ask: AskMagento
  readonly wishes: Wishes
  /** The key without the further request fields by which Magento may select answers. */
  readonly baseKey: string
  readonly tags: readonly string[]
  /** The deadline for Magento's answer; milliseconds of `performance.now()`. */
  readonly untilMs: number
}

/** How long requests do not wait for one another under a key whose answer could not be kept. */
const unstorableMs = 10_000
/** How long the keys that are remembered for that are together, characters: a target alone may have 16 KiB. */
const maxUnstorableLength = 4_194_304

/** Failures for which another integration may be answered: each has its own turns in the queue, and its own token. */
const ownFailures: ReadonlySet<ProblemCode> = new Set(['upstream-busy', 'upstream-unavailable'])

/** Prepares {@link AnswerRead}. */
export function prepareCachedReads(parts: CacheParts): AnswerRead {
  const { store, answers, shop, maxAnswerBytes, totalMs, countWaiting, clock } = parts
  const fills = new Map<string, Fill>()
  const unstorable = new LRUCache<string, true>({
    maxSize: maxUnstorableLength,
    sizeCalculation: (_, { length }) => length,
    ttl: unstorableMs,
  })

  function lookUp(visit: Visit): Promise<LeftToAnswer> | undefined {
    const found = store.find(visit.baseKey, visit.tags)
    return found instanceof Promise
      ? found.then((lookup) => choose(visit, lookup))
      : choose(visit, found)
  }

  /** Continues with the variant that the request selects. */
  function choose(visit: Visit, { kept, ticket }: Lookup): Promise<LeftToAnswer> | undefined {
    if (kept === undefined || !('selectedBy' in kept)) {
      return proceed(visit, visit.baseKey, kept, ticket)
    }
    const key = variantKey(visit.baseKey, kept.selectedBy, visit.request.rawHeaders)
    const go = (variant: Lookup) => proceed(visit, key, answerAmong(variant.kept), variant.ticket)
    const found = store.find(key, visit.tags)
    return found instanceof Promise ? found.then(go) : go(found)
  }

  function proceed(
    visit: Visit,
    key: string,
    stored: StoredAnswer | undefined,
    ticket: string | undefined,
  ): Promise<LeftToAnswer> | undefined {
    const { request, response, wishes, rule } = visit
    // Its caller may have left while the store was asked.
    if (response.destroyed) return undefined
    const nowMs = clock()
    const use = stored && usability(stored, rule, wishes, nowMs)
    if (stored !== undefined && use !== 'unusable') {
      give(visit, stored, use === 'fresh' ? 'hit' : 'stale')
      return undefined
    }
    if (wishes.isKeptWanted) {
      return Promise.resolve(reject('not-cached', 'the caller asked for a cached answer only'))
    }
    if (ticket === undefined || unstorable.has(key)) {
      request.cacheUse = 'bypass'
      return visit.ask(leftMs(visit))
    }
    const running = fills.get(key)
    const isNewEnough =
      running?.ticket === ticket &&
      !wishes.isNewWanted &&
      nowMs - running.askedAtMs <= wishes.maxAgeMs
    return isNewEnough ? share(visit, running, stored) : fetchFor(visit, key, stored, ticket)
  }

  /** Asks Magento for this request, and for all others that come meanwhile. */
  async function fetchFor(
    visit: Visit,
    key: string,
    stored: StoredAnswer | undefined,
    ticket: string,
  ): Promise<LeftToAnswer> {
    const { request, response, rule, baseKey, tags } = visit
    request.cacheUse = 'miss'
    const askedAtMs = clock()
    const fill: Fill = openFill({
      ticket,
      askedAtMs,
      validators: stored?.validators ?? [],
      holdBytes: maxAnswerBytes,
      decide: prepareDecision({
        store,
        rule,
        request,
        baseKey,
        tags,
        ticket,
        stored,
        askedAtMs,
        isLatest: () => fills.get(key) === fill,
        clock,
      }),
      onUnstorable: () => unstorable.set(key, true),
      onEnd: () => {
        request.fill = undefined
        if (fills.get(key) === fill) fills.delete(key)
      },
    })
    fills.set(key, fill)
    request.fill = fill
    join(fill, response)
    const asked = visit.ask(leftMs(visit))
    settleWith(fill, asked, request)
    const end = await fill.end
    if (end.kind === 'apart' || end.kind === 'abandoned') return asked
    const left = conclude(visit, end, stored, 'miss')
    if (end.kind === 'stored') request.inspectAnswer?.(200, end.answer.body)
    return left
  }

  /** Waits for the answer that Magento was asked for on behalf of another request. */
  async function share(
    visit: Visit,
    fill: Fill,
    stored: StoredAnswer | undefined,
  ): Promise<LeftToAnswer> {
    const { request, response, baseKey } = visit
    request.cacheUse = 'shared'
    join(fill, response)
    const since = performance.now()
    request.waitsSince = since
    const end = await endWithin(fill, leftMs(visit), request)
    request.waitsSince = undefined
    request.waitedMs += performance.now() - since
    if (response.destroyed) return undefined
    if (end.kind === 'apart' || (end.kind === 'stored' && !end.isForAll)) {
      request.cacheUse = 'miss'
      return visit.ask(leftMs(visit))
    }
    const isMine =
      end.kind !== 'stored' ||
      end.variant === variantKey(baseKey, end.selectedBy, request.rawHeaders)
    const isTooEarly = end.kind === 'failed' && isTotalTimeout(end.rejection)
    const isForeign =
      end.kind === 'failed' && end.asker !== request.verified && ownFailures.has(end.rejection.code)
    // It was another variant, or the other request has given up or run out of time, and this one has time left.
    if (!isMine || end.kind === 'abandoned' || isForeign || (isTooEarly && leftMs(visit) > 1)) {
      return lookUp(visit)
    }
    return conclude(visit, end, stored, 'shared')
  }

  function join(fill: Fill, response: ServerResponse): void {
    countWaiting(1)
    void fill.join(response).then(() => countWaiting(-1))
  }

  function conclude(
    visit: Visit,
    end: Exclude<FillEnd, { kind: 'apart' | 'abandoned' }>,
    stored: StoredAnswer | undefined,
    use: 'miss' | 'shared',
  ): LeftToAnswer {
    const { request, response, rule, wishes } = visit
    if (end.kind === 'stored') {
      const { answer, upstreamAge: age } = end
      if (use === 'shared') give(visit, answer, use)
      else answerStored(response, request, { stored: answer, use, age }, answers)
      return undefined
    }
    // Both other ends mean that Magento is down.
    if (stored !== undefined && standsInForError(stored, rule, wishes, clock())) {
      give(visit, stored, 'stale')
      return undefined
    }
    if (end.kind === 'failed') return end.rejection
    answerWhole(response, request, end.answer, answers)
    return undefined
  }

  /** Gives an answer that Magento was not asked for on behalf of this request, with its age. */
  function give({ request, response }: Visit, stored: StoredAnswer, use: CacheUse): void {
    // RFC 9111, section 5.1.
    const age = String(Math.floor(ageOf(stored, clock()) / 1000))
    answerStored(response, request, { stored, use, age }, answers)
  }

  function leftMs({ untilMs }: Visit): number {
    return Math.max(1, Math.ceil(untilMs - performance.now()))
  }

  return (request, response, rule, ask) => {
    const wishes = wishesOf(request.rawHeaders)
    if (wishes.isOwnMatter) {
      request.cacheUse = 'bypass'
      return ask(totalMs)
    }
    return lookUp({
      request,
      response,
      rule,
      ask,
      wishes,
      baseKey: cacheKey(shop, request, rule),
      tags: tagsOfRead(request),
      untilMs: performance.now() + totalMs,
    })
  }
}

/** Ends a fill with the result of asking Magento, unless the relay has given it the answer already. */
function settleWith(fill: Fill, asked: Promise<LeftToAnswer>, request: RequestContext): void {
  asked.then(
    (left) => {
      // What is left when its own caller went away is nothing for the others.
      const isAbandoned = left === undefined || request.outcome === clientClosed
      if (isAbandoned) fill.settle({ kind: 'abandoned' })
      else if ('code' in left) {
        const isDown = downStatuses.has(statusOf(left))
        const failed = { kind: 'failed', rejection: left, asker: request.verified } as const
        fill.settle(isDown ? failed : { kind: 'apart' })
      } else fill.take(left.status, fieldsOf(left), left.body)
    },
    // A defect is reported to the request that asked; the others ask for themselves.
    () => fill.settle({ kind: 'apart' }),
  )
}

function fieldsOf({ contentType, retryAfterSeconds }: WholeAnswer): string[] {
  const fields = ['Content-Type', contentType]
  if (retryAfterSeconds !== undefined) fields.push('Retry-After', String(retryAfterSeconds))
  return fields
}

function answerAmong(kept: KeptUnderKey | undefined): StoredAnswer | undefined {
  return kept === undefined || 'selectedBy' in kept ? undefined : kept
}
