/**
 * Escapes, in JSON, the characters that JSON does not require to be escaped although a terminal would obey them or show
 * something else than what is there: DEL and the control characters after it, and invisible ones, which for example
 * reverse the direction of the text after them.
 */
export function escapeControls(json: string): string {
  return json.replace(/[\x7f-\x9f\u2028\u2029\p{Cf}]/gu, escaped)
}

function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}

/** Replaces control and invisible characters in a text that somebody else chose, so that it controls no terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\p{Cf}]/gu, '?')
}
