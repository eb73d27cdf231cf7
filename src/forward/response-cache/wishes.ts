import { allValues, firstValue } from '../../syntax/headers.ts'
import { millisecondsOf, parseDirectives } from './directives.ts'

/** What a caller accepts from a cache (RFC 9111, section 5.2.1); times in milliseconds. */
export interface Wishes {
  /** Whether the exchange must bypass the cache: nothing of it may be kept, or it asks for what a cache does not have. */
  readonly isOwnMatter: boolean
  /** Whether Magento must be asked anew (`no-cache`). */
  readonly isNewWanted: boolean
  /** Whether Magento must not be asked (`only-if-cached`). */
  readonly isKeptWanted: boolean
  readonly maxAgeMs: number
  readonly minFreshMs: number
  readonly maxStaleMs: number
  /** How stale an answer may be while Magento is down (RFC 5861, section 4). */
  readonly staleIfErrorMs: number
}

const noWishes: Wishes = {
  isOwnMatter: false,
  isNewWanted: false,
  isKeptWanted: false,
  maxAgeMs: Number.POSITIVE_INFINITY,
  minFreshMs: 0,
  maxStaleMs: 0,
  staleIfErrorMs: Number.POSITIVE_INFINITY,
}

const ownMatter: Wishes = { ...noWishes, isOwnMatter: true }

/*
 * With one of these fields a request asks for a part of the answer, or under a condition that only Magento can check
 * (RFC 9111, section 4.3.2).
 */
const notForCaches = ['range', 'if-match', 'if-unmodified-since'] as const

/** Reads what a caller accepts from its header section. */
export function wishesOf(rawHeaders: readonly string[]): Wishes {
  if (notForCaches.some((name) => firstValue(rawHeaders, name) !== undefined)) return ownMatter
  const lines = allValues(rawHeaders, 'cache-control')
  if (lines.length === 0) {
    const isNewWanted = /\bno-cache\b/i.test(firstValue(rawHeaders, 'pragma') ?? '')
    return isNewWanted ? { ...noWishes, isNewWanted } : noWishes
  }
  const directives = parseDirectives(lines)
  // Who wants Magento not to be asked may get an answer that was kept before; none of this exchange is kept.
  if (directives.has('no-store') && !directives.has('only-if-cached')) return ownMatter
  const milliseconds = (name: string) => millisecondsOf(directives, name)
  return {
    isOwnMatter: false,
    isNewWanted: directives.has('no-cache'),
    isKeptWanted: directives.has('only-if-cached'),
    // A value that cannot be read (NaN) counts as the strictest.
    maxAgeMs: milliseconds('max-age') ?? noWishes.maxAgeMs,
    minFreshMs: milliseconds('min-fresh') ?? 0,
    // Without an argument, any staleness is accepted.
    maxStaleMs:
      directives.get('max-stale') === ''
        ? Number.POSITIVE_INFINITY
        : (milliseconds('max-stale') ?? 0),
    staleIfErrorMs: milliseconds('stale-if-error') ?? noWishes.staleIfErrorMs,
  }
}
