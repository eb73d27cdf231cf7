import type { CacheRule } from '../../contract/cache-rule.ts'
import type { RequestContext } from '../../request-context.ts'
import { allValues } from '../../syntax/headers.ts'
import { hopByHopNames } from '../hop-by-hop.ts'

/*
 * Request fields by which a web server in front of Magento may select an answer without saying so in Vary, as nginx does
 * with compression. They are part of every key.
 */
const alwaysSelecting = ['accept', 'accept-encoding', 'accept-language'] as const

/*
 * Request fields that are never passed on as the caller sent them, so that Magento's answer does not depend on what it
 * sent. Authorization is that of the integration; answers that vary by it are not shared between integrations.
 */
const neverSelecting = new Set([
  ...alwaysSelecting,
  'authorization',
  'cookie',
  'host',
  'x-requested-with',
])

/** Fields that differ in every request that Magento gets. */
const alwaysDifferent = new Set(['*', 'traceparent', 'x-forwarded-for', 'x-request-id'])

/**
 * The key of an answer: a tuple of everything that it depends on, written as JSON, so that different tuples never give
 * the same key.
 * @param shop keeps apart the answers of different shops in one Redis
 */
export function cacheKey(shop: string, request: RequestContext, rule: CacheRule): string {
  const { target, endpoint, rawHeaders } = request
  return JSON.stringify([
    shop,
    rule.owner ?? null,
    rule.isUpstreamObeyed,
    endpoint === undefined,
    target.path,
    target.query ?? null,
    ...alwaysSelecting.map(sentBy(rawHeaders)),
  ])
}

/** The key of an answer that is selected by further fields of the request, if any (RFC 9111, section 4.1). */
export function variantKey(
  key: string,
  selectedBy: readonly string[],
  rawHeaders: readonly string[],
): string {
  if (selectedBy.length === 0) return key
  const valuesOf = sentBy(rawHeaders)
  return JSON.stringify([key, ...selectedBy.map((name) => [name, ...valuesOf(name)])])
}

/**
 * Gives the values of a field as Magento gets them: none of one that the caller has end at the gateway by naming it in
 * `Connection`. Otherwise an answer to a request without the field would be kept for all who do send it.
 */
function sentBy(rawHeaders: readonly string[]): (name: string) => string[] {
  const ended = hopByHopNames(rawHeaders)
  return (name) => (ended.has(name) ? [] : allValues(rawHeaders, name))
}

/**
 * The request fields that `Vary` names and that are not part of every key, sorted.
 * @returns undefined if no later request can match this one (RFC 9111, section 4.1)
 */
export function selectingFields(
  headers: readonly string[],
  isShared: boolean,
): readonly string[] | undefined {
  const names = new Set<string>()
  for (const line of allValues(headers, 'vary')) {
    for (const part of line.split(',')) names.add(part.trim().toLowerCase())
  }
  names.delete('')
  if ([...names].some((name) => alwaysDifferent.has(name))) return undefined
  if (isShared && names.has('authorization')) return undefined
  return [...names].filter((name) => !neverSelecting.has(name)).sort()
}
