import { note, type ValueCheck } from './findings.ts'

/*
 * These accept what Magento converts to a type (Magento: Framework/Reflection/TypeProcessor.php,
 * processSimpleAndAnyType), except where it would silently change the value: as an integer 1.9 becomes 1 and
 * 2^64 + 4096 becomes 4096, as a number "1e999" becomes infinite, and a text that is no boolean becomes false. Null is
 * accepted: it reaches the setter.
 */

// What PHP's is_numeric accepts, without white space around it.
const numericForm = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const integerForm = /^[+-]?\d+(?:\.0*)?$/
// What PHP's FILTER_VALIDATE_BOOLEAN accepts.
const booleanForm = /^(?:1|0|true|false|yes|no|on|off|)$/i

/** A number, or a numeric text of bounded length. */
export function numberCheck(maxLength: number): ValueCheck {
  return (value, findings) => {
    if (typeof value === 'number' || value === null) return
    if (isNumeric(value, numericForm, maxLength) && Number.isFinite(Number(value))) return
    note(findings, 'a number')
  }
}

/** A whole number that fits into PHP's 64-bit integer, or a text of one of bounded length. */
export function integerCheck(maxLength: number): ValueCheck {
  return (value, findings) => {
    if (value === null) return
    const isWhole = Number.isInteger(value) || isNumeric(value, integerForm, maxLength)
    if (isWhole && Math.abs(Number(value)) < 2 ** 63) return
    note(findings, 'an integer')
  }
}

function isNumeric(value: unknown, form: RegExp, maxLength: number): boolean {
  return typeof value === 'string' && value.length <= maxLength && form.test(value)
}

/** A boolean, or a value that PHP takes for one. */
export const checkBoolean: ValueCheck = (value, findings) => {
  if (typeof value === 'boolean' || value === 0 || value === 1 || value === null) return
  if (typeof value === 'string' && booleanForm.test(value)) return
  note(findings, 'a boolean')
}

/** A text of bounded length, or another scalar, which Magento converts to a text. */
export function stringCheck(maxLength: number): ValueCheck {
  return (value, findings) => {
    if (typeof value === 'string') {
      if (value.length > maxLength) note(findings, `at most ${maxLength} characters`)
    } else if (typeof value === 'object' && value !== null) {
      note(findings, 'a string')
    }
  }
}

/** How deeply a value that the schema leaves open may be nested. */
const maxOpenDepth = 8

/** Any value within bounds, for places where Magento's schema leaves the value open. */
export function openCheck(maxLength: number, maxItems: number): ValueCheck {
  const checkText = stringCheck(maxLength)
  const tooLong = `no text of more than ${maxLength} characters`
  const walk = (value: unknown, depth: number): string | undefined => {
    if (typeof value === 'string') return value.length > maxLength ? tooLong : undefined
    if (typeof value !== 'object' || value === null) return undefined
    if (depth > maxOpenDepth) return `at most ${maxOpenDepth} levels`
    const members = Object.values(value)
    if (members.length > maxItems) return `at most ${maxItems} members in one place`
    if (!Array.isArray(value) && Object.keys(value).some(({ length }) => length > maxLength)) {
      return tooLong
    }
    for (const member of members) {
      const expected = walk(member, depth + 1)
      if (expected !== undefined) return expected
    }
    return undefined
  }
  return (value, findings) => {
    if (typeof value !== 'object') return checkText(value, findings)
    // Names below this place were made up by the caller, so the violation points to the place as a whole.
    const expected = walk(value, 1)
    if (expected !== undefined) note(findings, expected)
  }
}
