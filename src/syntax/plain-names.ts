/**
 * Rewrites a JSON text so that no member name contains an escape. This works around a bug of V8's `JSON.parse`
 * (nodejs/node issue 63785): it can mistake a name with an escape for another name that it has seen before, if that
 * one equals the beginning of the escaped spelling. `{"a":0,"\u0064ataIsURL":1}` is then read as if its second name
 * were `\u0064ata`, because an earlier body had that name; PHP reads `dataIsURL`. A text that is not valid JSON
 * does not become valid.
 * @returns undefined if a name cannot be written without an escape: it contains a quote, a backslash, a control
 *   character or half of a surrogate pair
 */
export function withPlainNames(text: string): string | undefined {
  let plain = ''
  // Everything before this index has been copied.
  let written = 0
  for (let begin = text.indexOf('"'); begin >= 0; ) {
    const end = endOfString(text, begin)
    if (end === undefined) return text
    if (isName(text, end)) {
      const name = text.slice(begin, end)
      if (name.includes('\\')) {
        const own = plainly(name)
        if (own === undefined) return undefined
        plain += text.slice(written, begin) + own
        written = end
      }
    }
    begin = text.indexOf('"', end)
  }
  return plain + text.slice(written)
}

/** The index after the closing quote of a string; undefined if there is none. */
function endOfString(text: string, begin: number): number | undefined {
  for (let quote = text.indexOf('"', begin + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let escapes = 0
    while (text[quote - 1 - escapes] === '\\') escapes += 1
    if (escapes % 2 === 0) return quote + 1
  }
  return undefined
}

/** Whether the string that ends there is the name of a member. */
function isName(text: string, end: number): boolean {
  let at = end
  while (' \t\n\r'.includes(text[at] ?? '-')) at += 1
  return text[at] === ':'
}

function plainly(name: string): string | undefined {
  let written: string
  try {
    written = JSON.stringify(JSON.parse(name))
  } catch {
    return undefined
  }
  return written.includes('\\') ? undefined : written
}
