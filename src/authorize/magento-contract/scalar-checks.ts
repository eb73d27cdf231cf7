import { note, type ValueCheck } from './findings.ts'

/*
 * What Magento converts to a type (Magento: Framework/Reflection/TypeProcessor.php,
 * processSimpleAndAnyType), less what it changes without a word: 1.9 for an integer becomes 1 there, 2^64 + 4096
 * becomes 4096, and a boolean that is no word for one becomes false. Null is passed on to the setter.
 */

// PHP's is_numeric, without white space.
const numericForm = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/
const integerForm = /^[+-]?\d+(?:\.0*)?$/
// FILTER_VALIDATE_BOOLEAN of PHP.
const booleanForm = /^(?:1|0|true|false|yes|no|on|off|)$/i

/** A number, or a text that is one. */
export const checkNumber: ValueCheck = (value, findings) => {
  if (typeof value === 'number' || value === null) return
  if (typeof value === 'string' && numericForm.test(value)) return
  note(findings, 'a number')
}

/** A number without a fraction that PHP has as an integer of 64 bits, or a text that is one. */
export const checkInteger: ValueCheck = (value, findings) => {
  if (value === null) return
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 63) return
  if (typeof value === 'string' && integerForm.test(value) && Math.abs(Number(value)) < 2 ** 63)
    return
  note(findings, 'an integer')
}

/** A boolean, or what PHP takes for one. */
export const checkBoolean: ValueCheck = (value, findings) => {
  if (typeof value === 'boolean' || value === 0 || value === 1 || value === null) return
  if (typeof value === 'string' && booleanForm.test(value)) return
  note(findings, 'a boolean')
}

/** A text of bounded length, or a scalar that Magento makes one of. */
export function stringCheck(maxLength: number): ValueCheck {
  return (value, findings) => {
    if (typeof value === 'string') {
      if (value.length > maxLength) note(findings, `at most ${maxLength} characters`)
    } else if (typeof value === 'object' && value !== null) {
      note(findings, 'a string')
    }
  }
}

/** How deep a value may be that the schema says nothing of. */
const maxOpenDepth = 8

/** Anything, within bounds: where the schema of Magento leaves open what may stand. */
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
    // Names in there are the caller's, so the place is told no closer.
    const expected = walk(value, 1)
    if (expected !== undefined) note(findings, expected)
  }
}
