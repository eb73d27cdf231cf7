import { openApiPath } from '../contract/open-api.ts'
import { allow, type Step } from '../policy.ts'
import { reject } from '../problem.ts'
import type { RequestTarget } from '../request-context.ts'
import { percentDecode } from '../syntax/percent-encoding.ts'

/*
 * The one grammar (RFC 3986 terms):
 *
 *   target  = path [ "?" query ]
 *   path    = "/rest/" [ store "/" ] [ "async/" [ "bulk/" ] ] "V1" 1*( "/" segment )
 *   segment = 1*( unreserved / pct-encoded )
 *
 * It is narrower than what Magento and web servers accept, so that gateway, web server and PHP cannot understand the
 * same target differently.
 */
const grammar =
  /^(\/rest\/(?:(?!async\/)([A-Za-z][A-Za-z0-9_]*)\/)?((?:async\/(?:bulk\/)?)?V1(?:\/(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+)+))(?:\?((?:[A-Za-z0-9._~!$'()*+,;:@/?[\]=&-]|%[0-9A-Fa-f]{2})*))?$/
const controlCharacter = /\p{Cc}/u
const doubleEncoding = /%25[0-9A-Fa-f]{2}/

/** A target outside the grammar; `fault` says what is wrong, and never repeats the target. */
export interface TargetFault {
  readonly fault: string
}

/**
 * Parses a request target. The result consists of slices of the given string; nothing is decoded or normalised.
 * @param stores the store codes that may occur in a path. Only known ones may pass: Magento takes an unknown one for a
 *   part of the path, and a path that begins with `schema` or `async` for something else entirely (Magento:
 *   Webapi/Controller/PathProcessor.php).
 */
export function parseRequestTarget(
  raw: string,
  stores: ReadonlySet<string>,
): RequestTarget | TargetFault {
  const match = grammar.exec(raw)
  if (match === null) return { fault: explainMismatch(raw) }
  const [, path = '', store, apiPath = '', query] = match
  if (store !== undefined && !stores.has(store)) {
    return { fault: 'The store code of the path is not one that this gateway serves.' }
  }
  const segments = apiPath.split('/')
  const fault = findSegmentFault(path, segments) ?? findQueryFault(query)
  if (fault !== undefined) return { fault }
  return { path, query, store, segments }
}

function findSegmentFault(path: string, segments: readonly string[]): string | undefined {
  if (segments.includes('.') || segments.includes('..')) return dotSegment
  if (!path.includes('%')) return undefined
  if (doubleEncoding.test(path)) return 'The path is percent-encoded twice.'
  for (const segment of segments) {
    const decoded = percentDecode(segment)
    if (decoded === undefined) return 'The path has percent-encoded bytes that are not UTF-8.'
    if (controlCharacter.test(decoded)) return 'The path has an encoded control character.'
    // A web server in front of Magento may decode %2F before it resolves dot segments.
    if (decoded.split(/[/\\]/).some((part) => part === '.' || part === '..')) return dotSegment
  }
  return undefined
}

const dotSegment = 'The path has a "." or ".." segment.'

function findQueryFault(query: string | undefined): string | undefined {
  if (query === undefined || !query.includes('%')) return undefined
  const decoded = percentDecode(query)
  if (decoded === undefined) return 'The query has percent-encoded bytes that are not UTF-8.'
  if (controlCharacter.test(decoded)) return 'The query has an encoded control character.'
  return undefined
}

function explainMismatch(raw: string): string {
  const [path = '', ...rest] = raw.split('?')
  if (!path.startsWith('/')) return 'The target must be an absolute path.'
  if (!/^\/rest\/(?:[^/]+\/)?(?:async\/(?:bulk\/)?)?V1\//.test(path))
    return 'The path must begin with /rest/V1/ or /rest/STORE/V1/.'
  if (path.includes('//')) return 'The path has an empty segment.'
  if (path.endsWith('/')) return 'The path ends with a slash.'
  if (/%(?![0-9A-Fa-f]{2})/.test(raw))
    return 'The target has a "%" that is not followed by two hex digits.'
  const offset = path.search(/[^A-Za-z0-9._~%/-]/)
  if (offset >= 0)
    return `The path has a character that must be percent-encoded, at offset ${offset}.`
  if (rest.length > 0) return 'The query has a character that must be percent-encoded.'
  return 'The path has a form that the gateway does not accept.'
}

const openApiTarget: RequestTarget = {
  path: openApiPath,
  query: undefined,
  store: undefined,
  segments: [openApiPath.slice(1)],
}

/** Refuses every target outside the grammar. What passes is matched, verified, signed and sent unchanged. */
export const requestTarget: Step<{ readonly stores: ReadonlySet<string> }> = {
  name: 'request-target',
  prepare: ({ stores }) =>
    function checkRequestTarget(request) {
      if (request.rawTarget === openApiPath) {
        request.parsedTarget = openApiTarget
        return allow
      }
      const target = parseRequestTarget(request.rawTarget, stores)
      if ('fault' in target) {
        return reject('bad-request-target', target.fault, { detail: target.fault })
      }
      request.parsedTarget = target
      return allow
    },
}
