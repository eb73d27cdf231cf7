import type { ServerResponse } from 'node:http'
import type { RequestContext } from '../request-context.ts'
import { fieldsWhere } from '../syntax/headers.ts'
import { hasOneBehind, noteLastAnswer } from './pipelined.ts'

/**
 * The fields that the gateway puts on every answer, those of Magento included; names and values in turn.
 * @param isLast whether the connection is to end with it; if the answer to a request that is under way comes after it,
 *   the connection ends with that
 */
export function standingHeaders(
  response: ServerResponse,
  request: RequestContext,
  isLast: boolean,
): string[] {
  const headers = ['X-Request-Id', request.requestId, ...request.answerHeaders]
  if (isLast && !hasOneBehind(response)) {
    headers.push('Connection', 'close')
    noteLastAnswer(response)
  }
  return headers
}

/** Fields of which an answer may have only one, as policies write them; by lower-case name. */
const onlyOnce: ReadonlyMap<string, string> = new Map([
  ['deprecation', 'Deprecation'],
  ['sunset', 'Sunset'],
  ['x-ratelimit-limit', 'X-RateLimit-Limit'],
  ['x-ratelimit-remaining', 'X-RateLimit-Remaining'],
  ['x-ratelimit-reset', 'X-RateLimit-Reset'],
])

/**
 * The header section of an answer of Magento: its fields, and those of the gateway. Of a field that it may have only once
 * (RFC 9745, section 2; RFC 8594, section 3; `X-RateLimit-*` are single numbers), that of the gateway counts, which the
 * operator has set for its callers.
 * @param headers of Magento, names and values in turn
 */
export function withStandingHeaders(
  headers: readonly string[],
  response: ServerResponse,
  request: RequestContext,
  isLast: boolean,
): string[] {
  const { answerHeaders } = request
  const standing = standingHeaders(response, request, isLast)
  // Whoever sets any of these fields sets one of these two.
  if (!answerHeaders.includes('Deprecation') && !answerHeaders.includes('X-RateLimit-Limit')) {
    return [...headers, ...standing]
  }
  const kept = fieldsWhere(headers, (name) => {
    const own = onlyOnce.get(name)
    return own === undefined || !answerHeaders.includes(own)
  })
  return [...kept, ...standing]
}
