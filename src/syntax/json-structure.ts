import { isExactNumber } from './exact-number.ts'

/** The structure of a JSON text, counted without building its value. */
export interface JsonStructure {
  /** How many members all objects have together, repeated names included. */
  readonly names: number
  /** How many members all objects and elements all arrays have together. */
  readonly members: number
  /** How deep arrays and objects are nested. */
  readonly depth: number
  /** Whether the name of a member contains an escape. */
  readonly hasEscapedName: boolean
  /** Whether a double can hold every number exactly as written. */
  readonly isExact: boolean
}

const space = 0x20
const quote = 0x22
const comma = 0x2c
const minus = 0x2d
const zero = 0x30
const nine = 0x39
const colon = 0x3a
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** A plain number of at most this many characters has at most 15 digits, which a double always holds exactly. */
const surelyExactLength = 15

/**
 * Scans a text in one pass over its bytes, before it is parsed: `JSON.parse` takes many times as long for a long text of
 * nothing but brackets as for any other. If the text is not valid JSON, the counts mean nothing.
 */
export function scanJson(bytes: Buffer): JsonStructure {
  let names = 0
  let members = 0
  let depth = 0
  let deepest = 0
  let isExact = true
  let hasEscapedName = false
  // Whether the string that was read last contains an escape.
  let hasEscape = false
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number
    if (byte === quote) {
      hasEscape = false
      for (at += 1; at < bytes.length && bytes[at] !== quote; at += 1) {
        if (bytes[at] !== backslash) continue
        hasEscape = true
        at += 1
      }
    } else if (byte === comma) {
      members += 1
    } else if (byte === colon) {
      names += 1
      if (hasEscape) hasEscapedName = true
    } else if (byte === openBrace || byte === openBracket) {
      depth += 1
      if (depth > deepest) deepest = depth
      // What is not empty has one more member than commas.
      if (!isClosedAfter(bytes, at)) members += 1
    } else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1
    } else if (byte === minus || (byte >= zero && byte <= nine)) {
      const begin = at
      let isPlain = true
      for (let next = bytes[at + 1] as number; isNumberPart(next); next = bytes[at + 1] as number) {
        // Only the `e` of an exponent comes after the digits.
        if (next > nine) isPlain = false
        at += 1
      }
      if (at - begin >= surelyExactLength || !isPlain) {
        isExact &&= isExactNumber(bytes.toString('latin1', begin, at + 1))
      }
    }
  }
  return { names, members, depth: deepest, hasEscapedName, isExact }
}

/** Whether the object or array that opens at a place is empty. */
function isClosedAfter(bytes: Buffer, opening: number): boolean {
  let at = opening + 1
  while ((bytes[at] as number) <= space) at += 1
  return bytes[at] === closeBrace || bytes[at] === closeBracket
}

/** A text of at most this length is parsed in a moment, whatever it is. */
const quicklyParsed = 16_384

/** Whether a text is so long and deep that parsing it could hold up everything else; it need not be valid JSON. */
export function isSlowToParse(text: Buffer | string, maxDepth: number): boolean {
  if (text.length <= quicklyParsed) return false
  return scanJson(typeof text === 'string' ? Buffer.from(text) : text).depth > maxDepth
}

/** Digits and `+ - . E e`. In valid JSON none of these can follow a number without being part of it. */
function isNumberPart(byte: number): boolean {
  return (
    (byte >= zero && byte <= nine) ||
    byte === 0x2e ||
    byte === minus ||
    byte === 0x2b ||
    byte === 0x65 ||
    byte === 0x45
  )
}
