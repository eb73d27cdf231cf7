import { longestKeptMs, type StoredAnswer } from '../../contract/answer-store.ts'
import type { CacheRule } from '../../contract/cache-rule.ts'
import type { Wishes } from './wishes.ts'

/** The present age of a stored answer (RFC 9111, section 4.2.3); milliseconds. */
export function ageOf({ initialAgeMs, receivedAtMs }: StoredAnswer, nowMs: number): number {
  return initialAgeMs + passedMs(receivedAtMs, nowMs)
}

/**
 * How much time has passed since a point in time, as far as the clock tells. If the clock was set back since, nobody
 * knows, and by how much it was set back is taken: otherwise the answer would be new until the clock has caught up.
 */
function passedMs(sinceMs: number, nowMs: number): number {
  return Math.abs(nowMs - sinceMs)
}

/**
 * How long a stored answer will be fresh; if negative, how long it has been stale. If the rule replaces Magento's own
 * directives, time counts from when Magento was asked, and what Magento says about time is ignored.
 */
function freshForMs(answer: StoredAnswer, rule: CacheRule, nowMs: number): number {
  const byRuleMs = rule.ttlMs - passedMs(answer.askedAtMs, nowMs)
  if (answer.terms === undefined) return byRuleMs
  return Math.min(byRuleMs, answer.terms.lifetimeMs - ageOf(answer, nowMs))
}

/** Whether a stored answer can be given now without asking Magento, and whether it is fresh. */
export function usability(
  answer: StoredAnswer,
  rule: CacheRule,
  wishes: Wishes,
  nowMs: number,
): 'fresh' | 'stale' | 'unusable' {
  if (wishes.isNewWanted || !(ageOf(answer, nowMs) <= wishes.maxAgeMs)) return 'unusable'
  const freshMs = freshForMs(answer, rule, nowMs)
  if (freshMs > 0 && freshMs >= wishes.minFreshMs) return 'fresh'
  if (answer.terms?.isStaleForbidden || wishes.minFreshMs !== 0) return 'unusable'
  return -freshMs <= wishes.maxStaleMs && wishes.maxStaleMs > 0 ? 'stale' : 'unusable'
}

/** Whether a stored answer may be given because Magento is down (RFC 5861, section 4). */
export function standsInForError(
  answer: StoredAnswer,
  rule: CacheRule,
  wishes: Wishes,
  nowMs: number,
): boolean {
  if (wishes.isNewWanted) return false
  const { terms } = answer
  if (terms?.isStaleForbidden) return false
  const allowedMs = Math.min(terms?.staleIfErrorMs ?? rule.staleIfErrorMs, wishes.staleIfErrorMs)
  return allowedMs > 0 && -freshForMs(answer, rule, nowMs) <= allowedMs
}

/** How long an answer is worth keeping, milliseconds. */
export function keepForMs({ terms, validators }: StoredAnswer, rule: CacheRule): number {
  const lifetimeMs = Math.min(rule.ttlMs, terms?.lifetimeMs ?? rule.ttlMs)
  const staleMs = terms?.isStaleForbidden ? 0 : (terms?.staleIfErrorMs ?? rule.staleIfErrorMs)
  // With validators Magento can confirm it later, so it is worth keeping although stale.
  const validMs = validators.length > 0 ? rule.ttlMs : 0
  return Math.min(longestKeptMs, lifetimeMs + Math.max(staleMs, validMs))
}
