import { percentDecode, percentEncode } from '../../syntax/percent-encoding.ts'
import { distinctVariants, type Variant } from './variant.ts'

/** The paths that a client may have signed instead of the one that it sent. */
export function pathVariants(path: string, query: string): Variant<string>[] {
  return distinctVariants(path, [
    [percentDecode(path), 'signed the path decoded, and sent it percent-encoded'],
    [encodeSegments(path), 'signed the path percent-encoded once more than it sent it'],
    [encodeSegments(percentDecode(path) ?? path), 'signed the path percent-encoded in another way'],
    [lowerEscapes(path), 'signed the path with escapes in lower case (%2f)'],
    [upperEscapes(path), 'signed the path with escapes in capitals (%2F)'],
    [`${path}?${query}`, 'signed the query as a part of the path'],
    [path.replace(/^\/rest/, ''), 'signed the path without /rest'],
    [path.replace(/^\/rest\/(?!V1\/)[^/]+/, '/rest'), 'signed the path without the store code'],
    [path.slice(1), 'signed the path without its first slash'],
    [`${path}/`, 'signed the path with a slash at its end'],
  ])
}

/** The queries that a client may have signed instead of the one that it sent. */
export function queryVariants(query: string): Variant<string>[] {
  if (query === '') return distinctVariants(query, [['?', 'signed a ? where there is no query']])
  const sorted = query.split('&').sort().join('&')
  const encodings = (from: string, and: string): [string | undefined, string][] => [
    [percentDecode(from), `signed the query decoded${and}`],
    [lowerEscapes(from), `signed the query with escapes in lower case${and}`],
    [upperEscapes(from), `signed the query with escapes in capitals${and}`],
    [new URLSearchParams(from).toString(), `signed the query encoded as a form${and}`],
    [encodePairs(from), `signed the query with every reserved character percent-encoded${and}`],
  ]
  return distinctVariants(query, [
    ['', 'left the query out of what it signed'],
    [`?${query}`, 'signed the query with its ?'],
    [sorted, 'signed the query with its parameters sorted'],
    // The URL parser of Node.js (WHATWG URL, section 1.3) encodes an apostrophe, which encodeURIComponent leaves.
    [query.replaceAll('%27', "'"), "signed the query with ' for the %27 that it sent"],
    [query.replaceAll("'", '%27'), "signed the query with %27 for the ' that it sent"],
    ...encodings(query, ''),
    ...encodings(sorted, ' and with its parameters sorted'),
  ])
}

function encodeSegments(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

/** Encodes everything but the unreserved characters of RFC 3986, in names and values. */
function encodePairs(query: string): string {
  const encode = (text: string) => percentEncode(percentDecode(text) ?? text)
  return query
    .split('&')
    .map((pair) => pair.split('=').map(encode).join('='))
    .join('&')
}

export function lowerEscapes(text: string): string {
  return text.replace(/%../g, (triplet) => triplet.toLowerCase())
}

function upperEscapes(text: string): string {
  return text.replace(/%../g, (triplet) => triplet.toUpperCase())
}
