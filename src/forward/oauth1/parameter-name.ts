import type { QueryFault } from './query-fault.ts'

/** Most levels of brackets in a name (PHP: max_input_nesting_level). */
const maxLevels = 64

/**
 * Where PHP puts a parameter: the name of the variable, then a key for each pair of brackets;
 * undefined for empty ones, which mean the next index.
 */
export type ParameterPath = readonly [string, ...(string | undefined)[]]

const unreadable: QueryFault = {
  fault:
    'The query has a parameter name that Magento cannot read: it must begin with a letter or "_", and its brackets must be closed.',
}
const badIndex: QueryFault = {
  fault: 'The query has a parameter name with an array index that is negative or too large.',
}
const tooDeep: QueryFault = {
  fault: `The query has a parameter name with more than ${maxLevels} pairs of brackets.`,
}

/**
 * Reads a decoded parameter name as PHP does (PHP: main/php_variables.c, php_register_variable_ex).
 * @returns undefined for a name that PHP passes over; a fault where PHP's versions disagree about a
 *   name, or Magento 2.4.8 breaks on it
 */
export function parseParameterName(name: string): ParameterPath | QueryFault | undefined {
  const trimmed = name.replace(/^ +/, '')
  if (trimmed === '') return undefined
  const open = trimmed.indexOf('[')
  const raw = open < 0 ? trimmed : trimmed.slice(0, open)
  const first = raw.replace(/[ .]/g, '_')
  // A numeric name has Magento 2.4.8 fail on a type (Framework/Oauth/Helper/Signature/Hmac.php).
  if (!/^[A-Za-z_]/.test(first) || trimmed.includes('\0')) return unreadable
  if (first !== raw && /^__(?:Host|Secure)-/.test(first)) return unreadable
  return parseKeys(first, open < 0 ? '' : trimmed.slice(open))
}

function parseKeys(first: string, brackets: string): ParameterPath | QueryFault {
  const keys: [string, ...(string | undefined)[]] = [first]
  let rest = brackets
  // PHP ignores what follows the last bracket.
  while (rest.startsWith('[')) {
    const close = rest.indexOf(']')
    if (close < 0) return unreadable
    const key = rest.slice(1, close)
    if (/^-[1-9]\d*$|^[1-9]\d{15,}$/.test(key)) return badIndex
    keys.push(/^[ \t\n\v\f\r]?$/.test(key) ? undefined : key)
    rest = rest.slice(close + 1)
  }
  return keys.length - 1 > maxLevels ? tooDeep : keys
}
