import type { AnswerTerms } from '../../contract/answer-store.ts'
import { allValues, firstValue } from '../../syntax/headers.ts'
import { parseHttpDate } from '../../syntax/http-date.ts'
import { millisecondsOf, parseDirectives } from './directives.ts'

/** Whom a stored answer would be given to. */
export interface Audience {
  /** Whether it would be given to other integrations too, which makes the cache a shared one. */
  readonly isShared: boolean
  readonly hasAuthorization: boolean
}

/**
 * What Magento's answer says about its own reuse, by the rules of RFC 9111.
 * @param dateMs when the answer was made, milliseconds since the epoch
 * @returns undefined if it must not be kept (section 3)
 */
export function termsOf(
  headers: readonly string[],
  dateMs: number,
  { isShared, hasAuthorization }: Audience,
): AnswerTerms | undefined {
  const directives = parseDirectives(allValues(headers, 'cache-control'))
  if (directives.has('no-store') || (isShared && directives.has('private'))) return undefined
  const sharedMs = isShared ? millisecondsOf(directives, 's-maxage') : undefined
  const mustRevalidate = directives.has('must-revalidate')
  if (isShared && hasAuthorization) {
    // Section 3.5.
    if (!directives.has('public') && !mustRevalidate && sharedMs === undefined) return undefined
  }
  const lifetimeMs =
    sharedMs ?? millisecondsOf(directives, 'max-age') ?? expiresInMs(headers, dateMs)
  const staleIfErrorMs = millisecondsOf(directives, 'stale-if-error')
  return {
    // Section 4.2.1: an answer whose lifetime is missing or cannot be read is stale.
    lifetimeMs: directives.has('no-cache') ? 0 : lifetimeMs || 0,
    isStaleForbidden:
      mustRevalidate ||
      directives.has('no-cache') ||
      (isShared && (directives.has('proxy-revalidate') || sharedMs !== undefined)),
    staleIfErrorMs: staleIfErrorMs === undefined ? undefined : staleIfErrorMs || 0,
  }
}

function expiresInMs(headers: readonly string[], dateMs: number): number | undefined {
  const expires = firstValue(headers, 'expires')
  if (expires === undefined) return undefined
  // Section 5.3: an invalid date, especially 0, counts as past.
  const expiresMs = parseHttpDate(expires, dateMs)
  return expiresMs === undefined ? 0 : Math.max(0, expiresMs - dateMs)
}
