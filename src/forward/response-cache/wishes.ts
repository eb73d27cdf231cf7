import { allValues, firstValue } from '../../syntax/headers.ts'
import { millisecondsOf, parseDirectives } from './directives.ts'

/** What a caller says of what it would take from a cache (RFC 9111, section 5.2.1); milliseconds. */
export interface Wishes {
  /** Nothing of the exchange may be kept, or the request asks for what a cache has not. */
  readonly isOwnMatter: boolean
  /** Only what Magento is asked for now. */
  readonly isNewWanted: boolean
  readonly isKeptWanted: boolean
  readonly maxAgeMs: number
  readonly minFreshMs: number
  readonly maxStaleMs: number
  /** How long after it has become stale an answer is wanted where Magento is down (RFC 5861, section 4). */
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
 * With one of these a request does not ask for the whole answer, or only if Magento itself finds that
 * something holds (RFC 9111, section 4.3.2).
 */
const notForCaches = ['range', 'if-match', 'if-unmodified-since'] as const

/** Reads the wishes of a caller. */
export function wishesOf(rawHeaders: readonly string[]): Wishes {
  if (notForCaches.some((name) => firstValue(rawHeaders, name) !== undefined)) return ownMatter
  const lines = allValues(rawHeaders, 'cache-control')
  if (lines.length === 0) {
    const isNewWanted = /\bno-cache\b/i.test(firstValue(rawHeaders, 'pragma') ?? '')
    return isNewWanted ? { ...noWishes, isNewWanted } : noWishes
  }
  const directives = parseDirectives(lines)
  if (directives.has('no-store')) return ownMatter
  const milliseconds = (name: string) => millisecondsOf(directives, name)
  return {
    isOwnMatter: false,
    isNewWanted: directives.has('no-cache'),
    isKeptWanted: directives.has('only-if-cached'),
    // What cannot be read is taken for the stricter.
    maxAgeMs: milliseconds('max-age') ?? noWishes.maxAgeMs,
    minFreshMs: milliseconds('min-fresh') ?? 0,
    // Without an argument any age will do.
    maxStaleMs:
      directives.get('max-stale') === ''
        ? Number.POSITIVE_INFINITY
        : (milliseconds('max-stale') ?? 0),
    staleIfErrorMs: milliseconds('stale-if-error') ?? noWishes.staleIfErrorMs,
  }
}
