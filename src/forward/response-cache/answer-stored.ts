import type { ServerResponse } from 'node:http'
import type { StoredAnswer } from '../../contract/answer-store.ts'
import type { CacheUse } from '../../contract/cache-rule.ts'
import type { RequestContext } from '../../request-context.ts'
import {
  type AnswerSettings,
  clientClosed,
  endWhenReady,
  endWhole,
  noteWhole,
} from '../../server/answer.ts'
import { withStandingHeaders } from '../../server/standing-headers.ts'
import { fieldsWhere } from '../../syntax/headers.ts'
import { isNotModified } from './preconditions.ts'

/** Values of the field Cache-Status (RFC 9211). */
const cacheStatus: Readonly<Record<CacheUse, string>> = {
  bypass: 'magegate; fwd=bypass',
  hit: 'magegate; hit',
  stale: 'magegate; hit; detail=stale',
  miss: 'magegate; fwd=miss',
  shared: 'magegate; fwd=miss; collapsed',
}

/** The fields that a 304 repeats from the full answer (RFC 9110, section 15.4.5). */
const notModifiedFields = new Set(['cache-control', 'content-location', 'date', 'expires', 'vary'])

/** A stored answer that is given to a request. */
export interface GivenAnswer {
  readonly stored: StoredAnswer
  /** Where the request has it from. */
  readonly use: CacheUse
  /** Value of the field Age, seconds; undefined if Magento has made the answer for this request. */
  readonly age: string | undefined
}

/** Gives a stored answer, or a 304 if the caller has it already, and notes it as the outcome of the request. */
export function answerStored(
  response: ServerResponse,
  request: RequestContext,
  { stored, use, age }: GivenAnswer,
  settings: AnswerSettings,
): void {
  request.cacheUse = use
  const isKnown = isNotModified(request.rawHeaders, stored)
  const body = isKnown ? noBody : stored.body
  const headers = isKnown
    ? fieldsWhere(stored.headers, (name) => notModifiedFields.has(name))
    : stored.headers.slice()
  headers.push('ETag', stored.etag, 'Cache-Status', cacheStatus[use])
  if (age !== undefined) headers.push('Age', age)
  if (!isKnown) headers.push('Content-Length', String(body.length))
  answerWhole(response, request, { status: isKnown ? 304 : 200, headers, body }, settings)
}

/** A complete answer with its header fields. */
export interface AnswerWithHeaders {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: Buffer
}

/** Gives an answer as it is, and notes it as the outcome of the request. */
export function answerWhole(
  response: ServerResponse,
  request: RequestContext,
  { status, headers, body }: AnswerWithHeaders,
  settings: AnswerSettings,
): void {
  if (response.destroyed) {
    request.outcome = clientClosed
    return
  }
  noteWhole(request, status, headers, body)
  // A read is answered at once.
  endWhenReady(response, request, settings, () => {
    const isLast = settings.isDraining()
    response.writeHead(status, withStandingHeaders(headers, response, request, isLast))
    endWhole(response, body)
  })
}

const noBody = Buffer.alloc(0)
