import { note, type ValueCheck } from './findings.ts'

/*
 * These accept what Magento converts to a type (Magento: Framework/Reflection/TypeProcessor.php,
 * processSimpleAndAnyType), except where it would silently change the value: as an integer 1.9 becomes 1 and
 * 2^64 + 4096 becomes 4096, and a text that is no boolean becomes false. Null is accepted: it reaches the setter.
 */

// What PHP's is_numeric accepts, without white space around it.
const numericForm = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const integerForm = /^[+-]?\d+(?:\.0*)?$/
// What PHP's FILTER_VALIDATE_BOOLEAN accepts.
const booleanForm = /^(?:1|0|true|false|yes|no|on|off|)$/i

/** A number, or a numeric text. */
export const checkNumber: ValueCheck = (value, findings) => {
  if (typeof value === 'number' || value === null) return
  if (typeof value === 'string' && numericForm.test(value)) return
  note(findings, 'a number')
}

/** A whole number that fits into PHP's 64-bit integer, or a text of one. */
export const checkInteger: ValueCheck = (value, findings) => {
  if (value === null) return
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 63) return
  if (typeof value === 'string' && integerForm.test(value) && Math.abs(Number(value)) < 2 ** 63)
    return
  note(findings, 'an integer')
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
  const walk = (value: unknown, depth: number): string | undefined => {
    if (typeof value === 'string') {
      return value.length > maxLength ? `no text of more than ${maxLength} characters` : undefined
    }
    if (typeof value !== 'object' || value === null) return undefined
    if (depth > maxOpenDepth) return `at most ${maxOpenDepth} levels`
    const members = Object.values(value)
    if (members.length > maxItems) return `at most ${maxItems} members in one place`
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
