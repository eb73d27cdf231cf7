import { createRequire } from 'node:module'
import { LRUCache } from 'lru-cache'
import type { Root, Set as SetToken, SetTokens, Token } from 'ret'
import { isObject } from '../syntax/is-object.ts'
import { escapePointer } from '../syntax/json-pointer.ts'

const require = createRequire(import.meta.url)
const ret = require('ret') as typeof import('ret') & ((pattern: string) => Root)
const { types } = ret

/** A text of at most this many characters must not take longer than that, milliseconds of CPU time. */
const longestText = 16_384
const longestMs = 30

/** How often the part occurs in the next text. The time can double with each part, and must not get out of hand. */
const nextCount = (count: number) => Math.max(count + 1, Math.floor(count * 1.1))

/** What comes after the repeated part, so that the pattern does not match and everything else is tried. */
const usualEndings = ['\0', '\n', '!', 'a']

// A reload finds mostly expressions that have been tried before, and trying one can take ten milliseconds.
const tried = new LRUCache<string, boolean>({ max: 10_000 })

/**
 * Whether an expression takes very long for some texts, during which nothing else would be served. It is tried with texts
 * in which a part that it repeats occurs very often. Not every slow expression is found.
 */
export function isSlowExpression(expression: RegExp): boolean {
  const isSlow = tried.get(String(expression)) ?? isSlowForSomeText(expression)
  tried.set(String(expression), isSlow)
  return isSlow
}

function isSlowForSomeText({ source, flags }: RegExp): boolean {
  // With the flag `g`, it would continue where it matched before.
  const expression = new RegExp(source, flags.replace('g', ''))
  return repeatedParts(source).some(({ before, part, endings }) =>
    endings.some((ending) => {
      for (let count = 4; count * part.length <= longestText; count = nextCount(count)) {
        const text = before + part.repeat(count) + ending
        // Twice, in case something else kept the process busy.
        if (takesLong(expression, text) && takesLong(expression, text)) return true
      }
      return false
    }),
  )
}

/** @param pattern as JSON Schema has it: with the flag `u` */
function isSlowPattern(pattern: string): boolean {
  const expression = expressionOf(pattern)
  return expression !== undefined && isSlowExpression(expression)
}

/** Undefined for a text that is no pattern, as where a property is called `pattern`. */
function expressionOf(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern, 'u')
  } catch {
    return undefined
  }
}

function takesLong(expression: RegExp, text: string): boolean {
  const began = process.threadCpuUsage()
  expression.test(text)
  const { user, system } = process.threadCpuUsage(began)
  return (user + system) / 1000 > longestMs
}

/** The JSON Pointer to the first slow pattern of a JSON Schema; undefined if none is known to be slow. */
export function slowPatternIn(schema: unknown, pointer = ''): string | undefined {
  if (!isObject(schema)) return undefined
  for (const [key, value] of Object.entries(schema)) {
    const at = `${pointer}/${escapePointer(key)}`
    if (key === 'pattern' && typeof value === 'string' && isSlowPattern(value)) return at
    if (key === 'patternProperties') {
      const slow = Object.keys(value as object).find(isSlowPattern)
      if (slow !== undefined) return `${at}/${escapePointer(slow)}`
    }
    const below = slowPatternIn(value, at)
    if (below !== undefined) return below
  }
  return undefined
}

/** A text that a repetition of a pattern matches once, and one that matches what comes before it. */
interface RepeatedPart {
  readonly before: string
  readonly part: string
  /** At least one of these should not match. */
  readonly endings: readonly string[]
}

/** The parts that a pattern may repeat without end; none if the pattern cannot be analysed. */
function repeatedParts(pattern: string): RepeatedPart[] {
  try {
    return partsOf(ret(readable(pattern)), '').filter(({ part }) => part !== '')
  } catch {
    return []
  }
}

/** What `ret` does not read, and all other escapes, so that what they escape is not taken for it. */
const unreadable = /\\(?:[pu]\{[^}]*\}|.)|\(\?(?:<[=!]|[a-z-]+:)/gis

/**
 * Writes a property as a character that has it, lookbehind as what must or must not be there, and a group with flags as
 * one without.
 */
function readable(pattern: string): string {
  return pattern.replace(unreadable, (found) => {
    if (found === '(?<!') return '(?!'
    if (found.startsWith('(')) return '(?:'
    if (found.length === 2) return found
    const character = new RegExp(found, 'u')
    return RegExp.escape(characters.find((each) => character.test(each)) ?? '')
  })
}

function partsOf(token: Root | Token, before: string): RepeatedPart[] {
  if (token.type === types.REPETITION) {
    const inner = partsOf(token.value, before)
    if (token.max !== Number.POSITIVE_INFINITY) return inner
    const endings = [...new Set([...usualEndings, ...leftOutBy(token.value)])]
    return [...examplesOf(token.value).map((part) => ({ before, part, endings })), ...inner]
  }
  return alternativesOf(token).flatMap((tokens) =>
    tokens.flatMap((each, index) =>
      partsOf(each, before + tokens.slice(0, index).map(exampleOf).join('')),
    ),
  )
}

function alternativesOf(token: Root | Token): readonly (readonly Token[])[] {
  if (token.type !== types.ROOT && token.type !== types.GROUP) return []
  return token.options ?? [token.stack ?? []]
}

/** A character that each negated class of a token does not match. */
function leftOutBy(token: Token): string[] {
  if (token.type === types.REPETITION) return leftOutBy(token.value)
  if (token.type === types.SET) return token.not ? firstOf(token.set).slice(0, 1) : []
  return alternativesOf(token).flat().flatMap(leftOutBy)
}

/** One short text that each alternative of a token matches. */
function examplesOf(token: Token): string[] {
  if (token.type !== types.GROUP) return [exampleOf(token)]
  // Lookahead takes nothing of the text.
  if (token.followedBy || token.notFollowedBy) return ['']
  return alternativesOf(token).map((tokens) => tokens.map(exampleOf).join(''))
}

/** A short text that a token matches. */
function exampleOf(token: Token): string {
  if (token.type === types.CHAR) return String.fromCodePoint(token.value)
  if (token.type === types.SET) return characterOf(token)
  if (token.type === types.REPETITION) return exampleOf(token.value).repeat(token.min)
  return token.type === types.GROUP ? (examplesOf(token)[0] ?? '') : ''
}

const usual = [...'a0- _./A']
const characters = [
  ...usual,
  ...Array.from({ length: 0x3000 }, (_, code) => String.fromCodePoint(code)),
]

function characterOf({ set, not }: SetToken): string {
  if (!not) return [...usual, ...firstOf(set)].find((each) => has(set, each)) ?? ''
  return usual.find((each) => !has(set, each)) ?? '\u00e9'
}

function firstOf(set: SetTokens): string[] {
  return set.flatMap((each) => {
    if (each.type === types.SET) return firstOf(each.set)
    return String.fromCodePoint(each.type === types.RANGE ? each.from : each.value)
  })
}

function has(set: SetTokens, character: string): boolean {
  const code = character.codePointAt(0) ?? 0
  return set.some((each) => {
    if (each.type === types.SET) return has(each.set, character) !== each.not
    return each.type === types.RANGE ? each.from <= code && code <= each.to : each.value === code
  })
}
