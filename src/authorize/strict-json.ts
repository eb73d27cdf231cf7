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
  const fault = findStructureFault(text)
  return fault === undefined ? { value } : { fault }
}

const prototypeNames = new Set(['__proto__', 'constructor', 'prototype'])

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/**
 * Walks a text that is known to be valid JSON from one structural character to the next. A string
 * right after `{`, or after `,` in an object, is a name.
 */
function findStructureFault(text: string): string | undefined {
  // For each open object the names seen so far, for each open array nothing.
  const open: (Names | undefined)[] = []
  let isName = false
  for (let index = 0; index < text.length; index += 1) {
    switch (text.charCodeAt(index)) {
      case quote: {
        const end = endOfString(text, index)
        if (isName) {
          const fault = addName(open.at(-1), text.slice(index, end + 1))
          if (fault !== undefined) return fault
          isName = false
        }
        index = end
        break
      }
      case openBrace:
      case openBracket:
        isName = text.charCodeAt(index) === openBrace
        open.push(isName ? new Names() : undefined)
        if (open.length > maxDepth) return `The body is nested deeper than ${maxDepth} levels.`
        break
      case closeBrace:
      case closeBracket:
        open.pop()
        isName = false
        break
      case comma:
        isName = open.at(-1) !== undefined
        break
      default:
    }
  }
  return undefined
}

/** Index of the quote that ends the string which begins at an index. */
function endOfString(text: string, begin: number): number {
  for (let end = text.indexOf('"', begin + 1); ; end = text.indexOf('"', end + 1)) {
    let escapes = 0
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes += 1
    if (escapes % 2 === 0) return end
  }
}

/** @param literal the name as it stands in the text, quotes included */
function addName(names: Names | undefined, literal: string): string | undefined {
  const name = literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1)
  if (prototypeNames.has(name)) return 'The body has a member name that is not allowed.'
  return names?.add(name) === false
    ? 'The body has the same member name twice in one object.'
    : undefined
}

/** Up to so many names are compared one by one, which is faster than to hash them. */
const fewNames = 8

/** The member names of one object. */
class Names {
  readonly #few: string[] = []
  #many: Set<string> | undefined

  /** False when the name was there already. */
  add(name: string): boolean {
    if (this.#many !== undefined) {
      const { size } = this.#many
      return this.#many.add(name).size > size
    }
    if (this.#few.includes(name)) return false
    this.#few.push(name)
    if (this.#few.length > fewNames) this.#many = new Set(this.#few)
    return true
  }
}
