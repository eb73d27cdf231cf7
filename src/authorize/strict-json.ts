/** What makes a text refused as JSON; `fault` never repeats the text. */
export interface JsonFault {
  readonly fault: string
}

/** How deep arrays and objects may be nested. */
const maxDepth = 64

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses JSON so that no second parser can read it differently: UTF-8 without a byte order mark,
 * no member name twice in one object, no member name that reaches a JavaScript prototype, bounded
 * depth. The rest is RFC 8259 as `JSON.parse` has it.
 */
export function parseStrictJson(bytes: Uint8Array): { readonly value: unknown } | JsonFault {
  let text: string
  let value: unknown
  try {
    text = utf8.decode(bytes)
  } catch {
    return { fault: 'The body is not UTF-8.' }
  }
  if (text.startsWith('\ufeff')) return { fault: 'The body begins with a byte order mark.' }
  try {
    value = JSON.parse(text)
  } catch {
    return { fault: 'The body is not valid JSON.' }
  }
  const fault = findStructureFault(text, value)
  return fault === undefined ? { value } : { fault }
}

const prototypeNames = new Set(['__proto__', 'constructor', 'prototype'])
// An escape may stand for any letter of them.
const mayHavePrototypeName = /__proto__|constructor|prototype|\\/

/**
 * Compares a text that is known to be valid JSON with the value that it was parsed to. Of a name that
 * stands twice in one object the value has one member only, so that it has fewer members than the
 * text has names.
 */
function findStructureFault(text: string, value: unknown): string | undefined {
  const members = countMembers(value, mayHavePrototypeName.test(text), 1)
  if (typeof members === 'string') return members
  // No name is without a colon behind a quote, so where there are no more of these than members, the
  // names are as many; only text in strings makes it necessary to count the names themselves.
  return members === countQuotedColons(text) || members === countNames(text)
    ? undefined
    : 'The body has the same member name twice in one object.'
}

/**
 * Counts the members of all objects in a value.
 * @returns what is wrong where it is nested too deep or has a name that is not allowed
 */
function countMembers(value: unknown, checksNames: boolean, depth: number): number | string {
  if (typeof value !== 'object' || value === null) return 0
  if (depth > maxDepth) return `The body is nested deeper than ${maxDepth} levels.`
  const names = Array.isArray(value) ? [] : Object.keys(value)
  if (checksNames && names.some((name) => prototypeNames.has(name))) {
    return 'The body has a member name that is not allowed.'
  }
  let count = names.length
  for (const member of Object.values(value)) {
    if (typeof member !== 'object' || member === null) continue
    const below = countMembers(member, checksNames, depth + 1)
    if (typeof below === 'string') return below
    count += below
  }
  return count
}

const quote = '"'
const doubleQuote = 0x22
const backslash = 0x5c
const colon = 0x3a
const space = 0x20

/** Counts the colons that follow a quote, also those within strings: at least as many as names. */
function countQuotedColons(text: string): number {
  let count = 0
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) {
    let before = at - 1
    while (text.charCodeAt(before) <= space) before -= 1
    if (text.charCodeAt(before) === doubleQuote) count += 1
  }
  return count
}

/** Counts the names in a text: the strings that a colon follows. */
function countNames(text: string): number {
  let count = 0
  for (let begin = text.indexOf(quote); begin >= 0; begin = text.indexOf(quote, begin)) {
    let next = endOfString(text, begin) + 1
    // All white space of JSON is at or below the space, and nothing else of it.
    while (text.charCodeAt(next) <= space) next += 1
    if (text.charCodeAt(next) === colon) count += 1
    begin = next
  }
  return count
}

/** Index of the quote that ends the string which begins at an index. */
function endOfString(text: string, begin: number): number {
  for (let end = text.indexOf(quote, begin + 1); ; end = text.indexOf(quote, end + 1)) {
    let escapes = 0
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes += 1
    if (escapes % 2 === 0) return end
  }
}
