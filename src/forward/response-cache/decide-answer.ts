import type { AnswerStore, StoredAnswer } from '../../contract/answer-store.ts'
import type { CacheRule } from '../../contract/cache-rule.ts'
import type { RequestContext } from '../../request-context.ts'
import { firstValue } from '../../syntax/headers.ts'
import type { AnswerWithHeaders } from './answer-stored.ts'
import { selectingFields, variantKey } from './cache-key.ts'
import type { FillEnd } from './fill.ts'
import { keepForMs } from './freshness.ts'
import { confirmedHeaders, dateOf, storeAnswer } from './store-answer.ts'
import { termsOf } from './terms.ts'

/** What is known when Magento is asked. */
export interface FillOccasion {
  readonly store: AnswerStore
  readonly rule: CacheRule
  readonly request: RequestContext
  readonly baseKey: string
  readonly tags: readonly string[]
  readonly ticket: string
  /** The stored answer that Magento is asked to confirm. */
  readonly stored: StoredAnswer | undefined
  readonly askedAtMs: number
  /** Whether Magento has not been asked again since; otherwise the later answer is the one to keep. */
  readonly isLatest: () => boolean
  readonly clock: () => number
}

/**
 * Prepares the decision about an answer that has completely arrived. Either it is kept and given to all who wait for
 * it, or it is only for the request for which Magento was asked (undefined).
 */
export function prepareDecision(
  occasion: FillOccasion,
): (answer: AnswerWithHeaders) => FillEnd | undefined {
  const { store, rule, request, baseKey, tags, ticket, stored, askedAtMs, isLatest, clock } =
    occasion
  const isShared = rule.owner === undefined
  const hasAuthorization = request.header('authorization') !== undefined
  return (answer) => {
    const isConfirmed = answer.status === 304 && stored !== undefined
    if (answer.status !== 200 && !isConfirmed) return undefined
    const fresh = {
      headers: isConfirmed ? confirmedHeaders(stored, answer.headers) : answer.headers,
      body: isConfirmed ? stored.body : answer.body,
      askedAtMs,
      receivedAtMs: clock(),
    }
    const terms = rule.isUpstreamObeyed
      ? termsOf(fresh.headers, dateOf(fresh), { isShared, hasAuthorization })
      : undefined
    const selectedBy = selectingFields(fresh.headers, isShared)
    const isStorable = selectedBy !== undefined && (terms !== undefined || !rule.isUpstreamObeyed)
    if (!isStorable && !isConfirmed) return undefined
    const kept = storeAnswer(fresh, terms)
    const upstreamAge = firstValue(answer.headers, 'age')
    const end = { kind: 'stored', answer: kept, upstreamAge } as const
    // An answer that Magento has confirmed can be given even if it must not be kept any longer.
    if (!isStorable) return { ...end, selectedBy: [], variant: '', isForAll: false }
    const variant = variantKey(baseKey, selectedBy, request.rawHeaders)
    const forMs = keepForMs(kept, rule)
    if (forMs > 0 && isLatest()) {
      if (selectedBy.length > 0) store.keep(baseKey, tags, ticket, { selectedBy }, forMs)
      store.keep(variant, tags, ticket, kept, forMs)
    }
    // RFC 9111, section 4: other requests may only get an answer that may be reused.
    const isForAll = terms === undefined || terms.lifetimeMs > 0
    return { ...end, selectedBy, variant, isForAll }
  }
}
