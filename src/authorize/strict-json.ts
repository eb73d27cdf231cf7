import { isAscii } from 'node:buffer'
import type { JsonBody } from '../contract/json-body.ts'
import { scanJson } from '../syntax/json-structure.ts'
import { parseJson } from '../syntax/parse-json.ts'
import { withPlainNames } from '../syntax/plain-names.ts'

/** Why a text is refused; `fault` never repeats any of the text. */
export interface JsonFault {
  readonly fault: string
}

/** How large a JSON text may be. */
export interface JsonBounds {
  /** How deeply arrays and objects may be nested. */
  readonly depth: number
  /** How many members of objects and elements of arrays there may be in total. */
  readonly members: number
}

/** The bounds unless the configuration says otherwise. */
export const standardJsonBounds: JsonBounds = { depth: 64, members: 250_000 }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses a JSON object or array, and refuses whatever another parser could read differently. The text has to be UTF-8
 * without a byte order mark, of bounded depth and size; it may not have the same member name twice in one object, a
 * member name that reaches a JavaScript prototype or cannot be written without an escape, a number that a double
 * cannot hold, or half of a surrogate pair. Everything else is RFC 8259, as `JSON.parse` reads it.
 */
export function parseStrictJson(
  bytes: Buffer,
  bounds: JsonBounds = standardJsonBounds,
): JsonBody | JsonFault {
  const text = decode(bytes)
  if (text === undefined) return { fault: 'The body is not UTF-8.' }
  if (text.startsWith('\ufeff')) return { fault: 'The body begins with a byte order mark.' }
  const { names: nameCount, members, depth, hasEscapedName, isExact } = scanJson(bytes)
  if (depth > bounds.depth)
    return { fault: `The body is nested deeper than ${bounds.depth} levels.` }
  if (members > bounds.members)
    return { fault: `The body has more than ${bounds.members} members.` }
  let value = parseJson(text)
  if (value === undefined) return { fault: 'The body is not valid JSON.' }
  if (typeof value !== 'object' || value === null) {
    return { fault: 'The body is neither an object nor an array.' }
  }
  if (!isExact) return { fault: 'The body has a number that is too large or too precise.' }
  if (hasEscapedName) {
    const plain = withPlainNames(text)
    if (plain === undefined) return { fault: nameFault }
    value = JSON.parse(plain)
  }
  const names = new Set<string>()
  // JSON.parse keeps one member of a repeated name, so a repetition shows as fewer members than the text has.
  if (collectNames(value as object, names) !== nameCount) {
    return { fault: 'The body has the same member name twice in one object.' }
  }
  for (const name of prototypeNames) {
    if (names.has(name)) return { fault: nameFault }
  }
  if (mayHaveSurrogate.test(text) && halfSurrogate.test(JSON.stringify(value))) {
    return { fault: 'The body has an escape for half of a character.' }
  }
  return { value: value as object, text, names }
}

/** Describes a value that a body is made of as {@link parseStrictJson} does one that was received. */
export function describeJson(value: object): JsonBody {
  const names = new Set<string>()
  collectNames(value, names)
  return { value, text: JSON.stringify(value), names }
}

const nameFault = 'The body has a member name that is not allowed.'
const prototypeNames = ['__proto__', 'constructor', 'prototype']
const mayHaveSurrogate = /\\u[dD][89a-fA-F]/
// JSON.stringify escapes a surrogate only if its other half is missing.
const halfSurrogate = /(?<!\\)(?:\\\\)*\\ud[89a-f][0-9a-f]{2}/

function decode(bytes: Buffer): string | undefined {
  // Decoding Latin-1 is several times as fast, and most bodies are plain ASCII.
  if (isAscii(bytes)) return bytes.toString('latin1')
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** Adds the member names of all objects in a value to a set, and counts the members. */
function collectNames(value: object, names: Set<string>): number {
  let count = 0
  if (Array.isArray(value)) {
    for (const element of value) {
      if (typeof element === 'object' && element !== null) count += collectNames(element, names)
    }
    return count
  }
  // Objects that JSON.parse makes have no inherited enumerable members, so `for in` sees just their own.
  for (const name in value) {
    count += 1
    if (!names.has(name)) names.add(name)
    const member: unknown = value[name as keyof typeof value]
    if (typeof member === 'object' && member !== null) count += collectNames(member, names)
  }
  return count
}
