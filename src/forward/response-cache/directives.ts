/** Directives of `Cache-Control` in lower case, with their arguments; empty for one without. */
export type Directives = ReadonlyMap<string, string>

const form = /[\t ,]*([^\t ,;="]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\t ,;"]*)))?[^,]*/gy

/**
 * Reads `Cache-Control` (RFC 9111, section 5.2). If a directive is repeated the first one counts (section 4.2.1); what
 * cannot be read is ignored.
 */
export function parseDirectives(lines: readonly string[]): Directives {
  const directives = new Map<string, string>()
  for (const line of lines) {
    for (const [, name = '', quoted, token = ''] of line.matchAll(form)) {
      const key = name.toLowerCase()
      if (!directives.has(key)) directives.set(key, quoted ?? token)
    }
  }
  return directives
}

/** A number of seconds in milliseconds. A cache need not distinguish larger ones than 2 ** 31 (RFC 9111, section 1.2.2). */
export function deltaMs(digits: string): number {
  return Math.min(Number(digits), 2 ** 31) * 1000
}

/**
 * The argument of a directive that is a number of seconds.
 * @returns milliseconds; undefined if there is no such directive; NaN if its argument is not a number
 */
export function millisecondsOf(directives: Directives, name: string): number | undefined {
  const argument = directives.get(name)
  if (argument === undefined) return undefined
  return /^\d+$/.test(argument) ? deltaMs(argument) : Number.NaN
}
