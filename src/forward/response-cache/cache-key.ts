import type { CacheRule } from '../../contract/cache-rule.ts'
import type { RequestContext } from '../../request-context.ts'
import { allValues } from '../../syntax/headers.ts'

/*
 * What a web server in front of Magento may choose an answer by, whether or not it says so in Vary, as
 * nginx does with compression.
 */
const alwaysSelecting = ['accept', 'accept-encoding', 'accept-language'] as const

/*
 * Never passed on as the caller sent them, so that Magento's answer does not depend on what the caller sent.
 * Authorization is the integration's own; where integrations share, such an answer is not kept.
 */
const neverSelecting = new Set([
  ...alwaysSelecting,
  'authorization',
  'cookie',
  'host',
  'x-requested-with',
])

/** Different in every request that Magento gets. */
const alwaysDifferent = new Set(['*', 'traceparent', 'x-forwarded-for', 'x-request-id'])

/**
 * What an answer is kept under: a tuple of everything that it depends on, written as JSON, so that no two of
 * them are one.
 * @param shop tells apart what gateways with one Redis have for different shops
 */
export function cacheKey(shop: string, request: RequestContext, rule: CacheRule): string {
  const { target, endpoint, rawHeaders } = request
  return JSON.stringify([
    shop,
    rule.owner ?? null,
    rule.isUpstreamObeyed,
    endpoint === undefined,
    target?.path,
    target?.query ?? null,
    ...alwaysSelecting.map((name) => allValues(rawHeaders, name)),
  ])
}

/** The key of an answer that is chosen by further fields of the request, if any (RFC 9111, section 4.1). */
export function variantKey(
  key: string,
  selectedBy: readonly string[],
  rawHeaders: readonly string[],
): string {
  if (selectedBy.length === 0) return key
  return JSON.stringify([
    key,
    ...selectedBy.map((name) => [
      name,
      ...allValues(rawHeaders, name).flatMap((line) => line.split(',').map((each) => each.trim())),
    ]),
  ])
}

/**
 * The request fields that `Vary` names and that are not in every key, sorted.
 * @returns undefined where no later request is like this one (RFC 9111, section 4.1)
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
