/**
 * Escapes, in JSON, the control characters that JSON does not require to be escaped: DEL and those after it. A terminal
 * would obey them.
 */
export function escapeControls(json: string): string {
  return json.replace(/[\x7f-\x9f]/g, escaped)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
