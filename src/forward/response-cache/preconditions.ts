import type { StoredAnswer } from '../../contract/answer-store.ts'
import { allValues, firstValue } from '../../syntax/headers.ts'
import { parseHttpDate } from '../../syntax/http-date.ts'

const entityTags = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g

/** Whether the caller has the stored answer already (RFC 9110, section 13.2.2; RFC 9111, section 4.3.2). */
export function isNotModified(
  rawHeaders: readonly string[],
  { etag, modifiedAtMs }: StoredAnswer,
): boolean {
  const tags = allValues(rawHeaders, 'if-none-match')
  if (tags.length > 0) return tags.some((line) => hasTag(line, etag))
  const since = firstValue(rawHeaders, 'if-modified-since')
  if (since === undefined) return false
  const sinceMs = parseHttpDate(since, modifiedAtMs)
  // HTTP dates have whole seconds.
  return sinceMs !== undefined && Math.floor(modifiedAtMs / 1000) * 1000 <= sinceMs
}

/** Whether a field line contains an entity tag, by weak comparison (RFC 9110, section 13.1.2). */
function hasTag(line: string, etag: string): boolean {
  if (line.trim() === '*') return true
  const opaque = etag.replace(/^W\//, '')
  return [...line.matchAll(entityTags)].some(([, tag]) => tag === opaque)
}
