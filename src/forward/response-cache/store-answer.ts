import { hash } from 'node:crypto'
import type { AnswerTerms, StoredAnswer } from '../../contract/answer-store.ts'
import { fieldsWhere, firstValue } from '../../syntax/headers.ts'
import { parseHttpDate } from '../../syntax/http-date.ts'
import { deltaMs } from './directives.ts'

/** An answer of Magento as it arrived. */
export interface FreshAnswer {
  /** End-to-end fields, names and values in turn. */
  readonly headers: readonly string[]
  readonly body: Buffer
  /** Milliseconds since the epoch. */
  readonly askedAtMs: number
  readonly receivedAtMs: number
}

/** Fields that are made anew each time an answer is given. */
const ownFields = new Set(['age', 'content-length', 'etag'])

/** Also the fields which could say that an answer must not be kept, if the operator has said that it may. */
const overriddenFields = new Set([...ownFields, 'cache-control', 'expires', 'pragma'])

/*
 * The caller may keep the answer but must revalidate it each time. It has not seen the writes that the gateway has, and
 * what it does not ask for would not be in the audit trail.
 */
const ownDirectives = ['Cache-Control', 'private, no-cache'] as const

/** RFC 9110, section 8.8.3. */
const entityTag = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/

/** When an answer was made, by its `Date`, or else when it arrived. */
export function dateOf({ headers, receivedAtMs }: FreshAnswer): number {
  return parseHttpDate(firstValue(headers, 'date') ?? '', receivedAtMs) ?? receivedAtMs
}

/**
 * Turns an answer into one that can be given again.
 * @param terms how long the answer says that it is good; undefined if the operator decides that
 */
export function storeAnswer(answer: FreshAnswer, terms: AnswerTerms | undefined): StoredAnswer {
  const { headers, body, askedAtMs, receivedAtMs } = answer
  const upstreamTag = firstValue(headers, 'etag')
  const upstreamModified = firstValue(headers, 'last-modified')
  const isTagValid = upstreamTag !== undefined && entityTag.test(upstreamTag)
  const left = terms === undefined ? overriddenFields : ownFields
  const kept = keptFields(headers, left)
  if (firstValue(headers, 'date') === undefined) {
    // RFC 9110, section 6.6.1.
    kept.push('Date', new Date(receivedAtMs).toUTCString())
  }
  if (terms === undefined) kept.push(...ownDirectives)
  return {
    headers: kept,
    body,
    etag: isTagValid ? upstreamTag : `"${hash('sha256', body, 'base64url')}"`,
    modifiedAtMs: parseHttpDate(upstreamModified ?? '', receivedAtMs) ?? dateOf(answer),
    askedAtMs,
    receivedAtMs,
    initialAgeMs: initialAgeOf(answer),
    terms,
    validators: [
      ...(isTagValid ? ['if-none-match', upstreamTag] : []),
      ...(upstreamModified === undefined ? [] : ['if-modified-since', upstreamModified]),
    ],
  }
}

/** Fields of a 304 that do not update those of the stored answer (RFC 9111, section 3.2). */
const notUpdated = new Set(['content-encoding', 'content-length', 'content-md5', 'content-range'])

/** The fields of a stored answer after Magento has confirmed it (RFC 9111, section 3.2). */
export function confirmedHeaders(
  { headers: stored, validators }: StoredAnswer,
  headers: readonly string[],
): readonly string[] {
  const etag = firstValue(validators, 'if-none-match')
  const newTag = firstValue(headers, 'etag')
  // Section 4.3.4: a 304 with another strong ETag is about another answer, and does not update this one.
  const isAboutAnother =
    etag !== undefined && newTag !== undefined && newTag !== etag && !newTag.startsWith('W/')
  const news = isAboutAnother ? [] : keptFields(headers, notUpdated)
  const names = new Set(['date'])
  for (let index = 0; index < news.length; index += 2) names.add((news[index] ?? '').toLowerCase())
  const merged = [...keptFields(stored, names), ...news]
  if (etag !== undefined && !names.has('etag')) merged.push('ETag', etag)
  return merged
}

function keptFields(headers: readonly string[], left: ReadonlySet<string>): string[] {
  return fieldsWhere(headers, (name) => !left.has(name))
}

/** RFC 9111, section 4.2.3: corrected_initial_age. */
function initialAgeOf(answer: FreshAnswer): number {
  const { headers, askedAtMs, receivedAtMs } = answer
  const apparentMs = Math.max(0, receivedAtMs - dateOf(answer))
  // Section 5.1: the first value counts, and an invalid one is ignored.
  const age = /^(\d+)(?:\s*,.*)?$/.exec(firstValue(headers, 'age') ?? '')?.[1]
  const saidMs = deltaMs(age ?? '0')
  return Math.max(apparentMs, saidMs + receivedAtMs - askedAtMs)
}
