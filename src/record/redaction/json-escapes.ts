import type { Redact } from './known-secrets.ts'

/*
 * A finished line is JSON, in which a control character is written as an escape. Its letter is no part of the text: in
 * `\n4111` the number is not preceded by an `n`. And if it were struck out together with the number, a backslash would be
 * left, and the line would not be JSON any more.
 */

const wholeEscape = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/g
/** An escape, as the first group, or what is left of one. */
const escapeOrRest = /(\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))|\\(?:u[\da-fA-F]{0,3})?/g
/** Stands behind each escape while shapes are searched for. A line of JSON has no such character. */
const mark = '\0'

/** Redacts a text with escapes of JSON so that none of them counts as a part of what follows it. */
export function besideEscapes(text: string, redact: Redact): string {
  if (!text.includes('\\')) return redact(text)
  return redact(text.replace(wholeEscape, `$&${mark}`)).replaceAll(mark, '')
}

/**
 * Removes what is left of escapes of which a part was struck out.
 * @param line before
 * @param shown after something was struck out
 */
export function mendEscapes(line: string, shown: string): string {
  return shown === line || !shown.includes('\\') ? shown : shown.replace(escapeOrRest, '$1')
}
