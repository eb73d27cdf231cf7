const string = /("(?:[^"\\]|\\.)*")([ \t\n\r]*:)?/gs

/**
 * Writes the member names of a JSON text without escapes, so that Node reads them right: V8 takes a name
 * with an escape for one that it has met before, if that one has the characters that the other begins with as
 * they are written (nodejs/node issue 63785). `{"a":0,"\u0064ataIsURL":1}` is then read as if its second
 * name were `\u0064ata`, where an earlier body had that one. PHP reads what is written.
 * @returns undefined where a name cannot be written so: it has a quote, a backslash, a control character
 *   or half of a surrogate pair in it
 */
export function withPlainNames(text: string): string | undefined {
  let isPlain = true
  const plain = text.replaceAll(string, (whole, name: string, colon: string | undefined) => {
    if (colon === undefined || !name.includes('\\')) return whole
    const written = JSON.stringify(JSON.parse(name))
    if (written.includes('\\')) isPlain = false
    return `${written}${colon}`
  })
  return isPlain ? plain : undefined
}
