import type { ServerResponse } from 'node:http'
import type { StoredAnswer } from '../../contract/answer-store.ts'
import type { CacheUse } from '../../contract/cache-rule.ts'
import type { RequestContext } from '../../request-context.ts'
import { type AnswerSettings, clientClosed, endHeld, standingHeaders } from '../../server/answer.ts'
import { fieldsWhere, firstValue } from '../../syntax/headers.ts'
import { isNotModified } from './preconditions.ts'

/** Above that, head and body go out in two pieces instead of one copied text. */
const onePieceBytes = 65_536

/** RFC 9211. */
const cacheStatus: Readonly<Record<CacheUse, string>> = {
  bypass: 'magegate; fwd=bypass',
  hit: 'magegate; hit',
  stale: 'magegate; hit; detail=stale',
  miss: 'magegate; fwd=miss',
  shared: 'magegate; fwd=miss; collapsed',
}

/** RFC 9110, section 15.4.5: what a 304 says of the answer that it stands for. */
const notModifiedFields = new Set(['cache-control', 'content-location', 'date', 'expires', 'vary'])

/**
 * Gives a stored answer, or says that the caller has it already, and notes it as the outcome of the request.
 * @param age of the answer, seconds; undefined where Magento has made it for this request
 */
export function answerStored(
  response: ServerResponse,
  request: RequestContext,
  stored: StoredAnswer,
  use: CacheUse,
  age: string | undefined,
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

/** An answer with its fields, held whole. */
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
  request.outcome = { status }
  request.bytesOut = body.length
  if (request.keepsAnswer) {
    request.keptAnswer = { status, contentType: firstValue(headers, 'content-type') ?? '', body }
  }
  // A read is answered at once.
  endHeld(response, request, settings, () => {
    const standing = standingHeaders(response, request, settings.isDraining())
    response.writeHead(status, [...headers, ...standing])
    if (body.length > onePieceBytes) response.end(body)
    else response.end(body.toString('latin1'), 'latin1')
  })
}

const noBody = Buffer.alloc(0)
