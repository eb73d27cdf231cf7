import { parseParameterName } from './parameter-name.ts'
import { PhpArray } from './php-array.ts'
import type { QueryFault } from './query-fault.ts'

/** Most parameters in a query; PHP drops further ones (PHP: max_input_vars). */
const maxParameters = 1000

/**
 * Reads a raw query as PHP does, into what Magento's code gets: nested by brackets, with the last one of duplicates
 * (PHP: parse_str).
 * @returns a fault for a query that versions or settings of PHP may read differently
 */
export function parsePhpQuery(query: string): PhpArray | QueryFault {
  if (/[^\x21\x22\x24-\x7e]/.test(query)) {
    return { fault: 'The query has a character that must be percent-encoded.' }
  }
  const parameters = new PhpArray()
  const pairs = query.split('&').filter((pair) => pair !== '')
  if (pairs.length > maxParameters) {
    return { fault: `The query has more than ${maxParameters} parameters.` }
  }
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    const name = urlDecode(equals < 0 ? pair : pair.slice(0, equals))
    const value = urlDecode(equals < 0 ? '' : pair.slice(equals + 1))
    if (name === undefined || value === undefined) {
      return { fault: 'The query has percent-encoded bytes that are not UTF-8.' }
    }
    const path = parseParameterName(name)
    if (path === undefined) continue
    if ('fault' in path) return path
    assign(parameters, path, value)
  }
  return parameters
}

function assign(parameters: PhpArray, path: readonly (string | undefined)[], value: string): void {
  const parent = path.slice(0, -1).reduce((array: PhpArray, key) => array.arrayAt(key), parameters)
  parent.set(path.at(-1), value)
}

/** Decodes like PHP's urldecode: `+` is a space, and a `%` that begins no escape stands for itself. */
function urlDecode(text: string): string | undefined {
  if (!/[+%]/.test(text)) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' ').replace(/%(?![0-9A-Fa-f]{2})/g, '%25'))
  } catch {
    return undefined
  }
}
