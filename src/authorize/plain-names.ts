/**
 * Writes the member names of a JSON text without escapes, so that Node reads them right: V8 takes a name
 * with an escape for one that it has met before, if that one has the characters that the other begins with as
 * they are written (nodejs/node issue 63785). `{"a":0,"\u0064ataIsURL":1}` is then read as if its second
 * name were `\u0064ata`, where an earlier body had that one. PHP reads what is written. A text that is no JSON
 * stays none.
 * @returns undefined where a name cannot be written so: it has a quote, a backslash, a control character
 *   or half of a surrogate pair in it
 */
export function withPlainNames(text: string): string | undefined {
  let plain = ''
  // Up to here it is written.
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

/** Where a string ends, behind its second quote; undefined where it does not. */
function endOfString(text: string, begin: number): number | undefined {
  for (let quote = text.indexOf('"', begin + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let escapes = 0
    while (text[quote - 1 - escapes] === '\\') escapes += 1
    if (escapes % 2 === 0) return quote + 1
  }
  return undefined
}

/** Whether what ended there is the name of a member. */
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
