import { redacted } from '../contract/secret.ts'
import { characters, findRuns, type Run, replaceRuns } from './character-runs.ts'
import type { Redact } from './known-secrets.ts'

/*
 * None of these expressions may begin a long match at each place of a text: the time would grow with the
 * square of its length, and callers choose the texts.
 */
const authorizations = /\b(Bearer|Basic|OAuth)( |%20|\+)[^\s"\\]+/gi
/** Whole runs of what JSON Web Tokens are made of, and the beginning of one within. */
const dottedRun = /[A-Za-z0-9_.-]+/g
const headerBegin = /eyJ[A-Za-z0-9_-]{8}/

const minTokenLength = 32
/* What Magento's tokens, keys and ids of carts of guests, and digests in hex look like. */
const tokenShapes = new RegExp(
  [
    String.raw`(?<![A-Za-z0-9])(?=[A-Za-z]*\d)(?=[a-z0-9]*[A-Z])(?=[A-Z0-9]*[a-z])[A-Za-z0-9]{32}(?![A-Za-z0-9])`,
    String.raw`(?<![A-Za-z0-9])(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{32}(?![A-Za-z0-9])`,
    '(?<![A-Za-z0-9])[0-9a-fA-F]{40,128}(?![A-Za-z0-9])',
  ].join('|'),
  'g',
)

/** Strikes out what has the shape of a token, in text that a caller chose. */
export const redactTokenShapes: Redact = (text) => {
  const shown = redactUnmistakable(text)
  return shown.length < minTokenLength ? shown : shown.replace(tokenShapes, redacted)
}

/** Strikes out what looks like a credential whoever issued it, and like nothing that the gateway writes. */
function redactUnmistakable(text: string): string {
  const shown = text.includes('eyJ') ? text.replace(dottedRun, redactWebToken) : text
  return shown.replace(authorizations, `$1$2${redacted}`)
}

/** RFC 7519, section 3: three parts with dots between them, of which the first is a JSON object. */
function redactWebToken(run: string): string {
  const parts = run.split('.')
  const shown: string[] = []
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index] as string
    const begin = part.search(headerBegin)
    const isToken = begin >= 0 && index + 2 < parts.length && parts[index + 1] !== ''
    shown.push(isToken ? part.slice(0, begin) + redacted : part)
    if (isToken) index += 2
  }
  return shown.join('.')
}

/* ISO/IEC 7812: of the numbers of cards those from 14 digits on; shorter ones are those of articles. */
const minCardLength = 14
const cardCharacters = characters(/[0-9 +%-]/)
const cardNumber = /(?<![\w.-])[2-6](?:(?:[ +-]|%20)?\d){13,18}(?![\w-])/g
const email = /[\w.!#$&'*+/=?^{|}~-]{1,64}(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+/g
const wordEnd = /[/?&=\s"\\]/
const percentTriplets = /(?:%[0-9A-Fa-f]{2})+/g
const printable = /^[\x20-\x7e\s]+$/

/** What is struck out besides tokens. */
export interface ShapeSettings {
  readonly emails: boolean
}

/**
 * Compiles the search for tokens, numbers of cards and, if asked for, e-mail addresses in a finished line:
 * in plain, percent-encoded and base64 form. What is encoded is searched for known secrets too.
 */
export function compileShapes({ emails }: ShapeSettings, redactKnown: Redact): Redact {
  function redactPlain(text: string): string {
    const shown = redactCards(redactUnmistakable(text))
    const mayHaveEmail = emails && (shown.includes('@') || shown.includes('%40'))
    return mayHaveEmail ? shown.replace(email, redacted) : shown
  }
  /** Whether what a run stands for has anything to hide. */
  function hides(decoded: string, depth: number): boolean {
    const known = redactKnown(decoded)
    return known !== decoded || redactDeep(known, depth) !== known
  }
  function redactDeep(text: string, depth: number): string {
    const plain = redactPlain(text)
    if (depth === 0) return plain
    const percent = replaceRuns(plain, wordsWithPercent(plain), ({ begin, end }) => {
      const word = plain.slice(begin, end)
      const decoded = word.replace(percentTriplets, decodeTriplets)
      return decoded !== word && hides(decoded, depth - 1) ? redacted : undefined
    })
    const runs = findRuns(percent, base64Characters, minBase64Length, hexCharacters)
    return replaceRuns(percent, runs, ({ begin, end }) => {
      const run = percent.slice(begin, end)
      if (hidesBase64(run, depth)) return redacted
      // Of base64url in a path the slashes are those of the path.
      const parts = run.split('/')
      const shown = parts.map((part) => (hidesBase64(part, depth) ? redacted : part)).join('/')
      return shown === run ? undefined : shown
    })
  }
  function hidesBase64(run: string, depth: number): boolean {
    if (run.length < minBase64Length) return false
    const decoded = Buffer.from(run, 'base64').toString('latin1')
    return printable.test(decoded) && hides(decoded, depth - 1)
  }
  return (line) => redactDeep(line, maxDepth)
}

const base64Characters = characters(/[A-Za-z0-9+/_-]/)
/** Of an id or a digest. */
const hexCharacters = characters(/[0-9a-f-]/)
/** Base64 of at least fifteen bytes. */
const minBase64Length = 20

/** The words that a percent sign stands in: an expression for words would stop at each of a line. */
function wordsWithPercent(text: string): readonly Run[] {
  const words: Run[] = []
  for (let at = text.indexOf('%'); at >= 0; ) {
    let begin = at
    while (begin > 0 && !wordEnd.test(text[begin - 1] as string)) begin -= 1
    let end = at
    while (end < text.length && !wordEnd.test(text[end] as string)) end += 1
    words.push({ begin, end })
    at = text.indexOf('%', end)
  }
  return words
}

/** Of bytes that are not UTF-8 it makes U+FFFD: what stands beside them is looked at all the same. */
function decodeTriplets(triplets: string): string {
  return Buffer.from(triplets.replaceAll('%', ''), 'hex').toString('utf8')
}

/** How many encodings around each other are undone. */
const maxDepth = 2

/** Strikes out numbers of cards. Hardly a line has as many digits in a row, so that most runs are none. */
function redactCards(text: string): string {
  return replaceRuns(text, findRuns(text, cardCharacters, minCardLength), ({ begin, end }) => {
    // What stands on either side decides whether a number ends there.
    const before = text.slice(Math.max(0, begin - 1), begin)
    const around = text.slice(begin - before.length, end + 1)
    const shown = around.replace(cardNumber, redactCard)
    const after = around.length - before.length - (end - begin)
    return shown === around ? undefined : shown.slice(before.length, shown.length - after)
  })
}

/** Digits are the number of a card when their check digit says so (ISO/IEC 7812-1, annex B). */
function redactCard(text: string): string {
  let sum = 0
  const digits = text.replaceAll(/%20|\D/g, '')
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index])
    const doubled = index % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0 ? redacted : text
}
