import { redacted } from '../../contract/secret.ts'
import { characters, findRuns, type Run, replaceRuns } from './character-runs.ts'
import { besideEscapes } from './json-escapes.ts'
import type { Redact } from './known-secrets.ts'

/*
 * Callers choose the texts, so none of these expressions may be able to begin a long match at every place of a text:
 * the time would grow with the square of the text's length.
 */
const authorizations = /\b(Bearer|Basic|OAuth)( |%20|\+)([^\s"\\]+)/gi
const base64Run = /[A-Za-z0-9+/_-]+/g
/** A whole run of characters of which JSON Web Tokens consist, and the beginning of a token within it. */
const dottedRun = /[A-Za-z0-9_.-]+/g
const headerBegin = /eyJ[A-Za-z0-9_-]{8}/

const minTokenLength = 32
/** Also behind a character that is percent-encoded once or more, whose last letter or digit is not part of the token. */
const tokenBegin = '(?:(?<![A-Za-z0-9])|(?<=%(?:25){0,2}[0-9A-Fa-f]{2}))'
/* The shapes of Magento's tokens, keys and ids of guests' carts, and of digests in hex. */
const tokenShapes = new RegExp(
  `${tokenBegin}(?:${[
    String.raw`(?=[A-Za-z]*\d)(?=[a-z0-9]*[A-Z])(?=[A-Z0-9]*[a-z])[A-Za-z0-9]{32}`,
    String.raw`(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{32}`,
    '[0-9a-fA-F]{40,128}',
  ].join('|')})(?![A-Za-z0-9])`,
  'g',
)

/** Redacts whatever has the shape of a token, in a text that a caller chose. */
export const redactTokenShapes: Redact = (text) => {
  const shown = redactUnmistakable(text)
  return shown.length < minTokenLength ? shown : shown.replace(tokenShapes, redacted)
}

/** Redacts what looks like a credential of any issuer, but unlike anything that the gateway itself writes. */
function redactUnmistakable(text: string): string {
  const shown = text.includes('eyJ') ? text.replace(dottedRun, redactWebToken) : text
  return shown.replace(authorizations, redactAuthorization)
}

function redactAuthorization(whole: string, scheme: string, space: string, rest: string): string {
  const isWord = scheme.toLowerCase() === 'basic' && !hasUserAndPassword(rest)
  return isWord ? whole : scheme + space + redacted
}

/**
 * Whether it has a user name and a password, in base64 (RFC 7617, section 2) or as they are: then there is a colon. SKUs
 * and names contain the word "Basic" too, but what follows it then hardly ever decodes to a text with a colon.
 */
function hasUserAndPassword(text: string): boolean {
  let decoded = text
  for (let depth = 0; depth < maxDepth && decoded.includes('%'); depth += 1) {
    decoded = decoded.replace(percentTriplets, decodeTriplets)
  }
  const runs = decoded.match(base64Run) ?? []
  return decoded.includes(':') || runs.some((run) => Buffer.from(run, 'base64').includes(':'))
}

/** RFC 7519, section 3: three parts separated by dots, the first of which is a JSON object. */
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

/* ISO/IEC 7812 also allows shorter card numbers, but those would match numbers of articles. */
const minCardLength = 14
const cardCharacters = characters(/[0-9 +%-]/)
const cardNumber = /(?<![\w.-])[2-6](?:(?:[ +-]|%20)?\d){13,18}(?![\w-])/g
const email = /[\w.!#$&'*+/=?^{|}~-]{1,64}(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+/g
const wordEnd = /[/?&=\s"\\\0]/
const percentTriplets = /(?:%[0-9A-Fa-f]{2})+/g
const printable = /^[\x20-\x7e\s]+$/

/** What is redacted besides tokens and card numbers. */
export interface ShapeSettings {
  readonly emails: boolean
}

/**
 * Compiles the search of a finished line for tokens, card numbers and, if configured, e-mail addresses, in plain,
 * percent-encoded and base64 form. Encoded text is searched for known secrets as well.
 */
export function compileShapes({ emails }: ShapeSettings, redactKnown: Redact): Redact {
  function redactPlain(text: string): string {
    const shown = redactCards(redactUnmistakable(text))
    const mayHaveEmail = emails && (shown.includes('@') || shown.includes('%40'))
    return mayHaveEmail ? shown.replace(email, redacted) : shown
  }
  /** Whether a decoded text contains anything that must be hidden. */
  function hides(decoded: string, depth: number): boolean {
    const known = redactKnown(decoded)
    return known !== decoded || redactDeep(known, depth) !== known
  }
  function redactDeep(text: string, depth: number): string {
    return besideEscapes(text, (apart) => redactApart(apart, depth))
  }
  function redactApart(text: string, depth: number): string {
    const plain = redactPlain(text)
    if (depth === 0) return plain
    const percent = replaceRuns(plain, wordsWithPercent(plain), ({ begin, end }) => {
      const decodings = decodingsOf(plain.slice(begin, end))
      return decodings.some((decoded) => hides(decoded, depth - 1)) ? redacted : undefined
    })
    const runs = findRuns(percent, base64Characters, minBase64Length, hexCharacters)
    return replaceRuns(percent, runs, ({ begin, end }) => {
      const run = percent.slice(begin, end)
      if (hidesBase64(run, depth)) return redacted
      // In a path, slashes separate segments, each of which may be base64url.
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
/** Runs of only these are ids or digests. */
const hexCharacters = characters(/[0-9a-f-]/)
/** The base64 form of fifteen bytes. */
const minBase64Length = 20

/** Finds the words that contain a percent sign. A regular expression would have to look at every word of a line. */
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

/** What a word with percent-encoding can stand for: a plus in it is a space if it comes from a form. */
function decodingsOf(word: string): readonly string[] {
  const decoded = word.replace(percentTriplets, decodeTriplets)
  if (decoded === word) return []
  if (!word.includes('+')) return [decoded]
  return [decoded, word.replaceAll('+', ' ').replace(percentTriplets, decodeTriplets)]
}

/** Decodes percent-encoding. Bytes that are not UTF-8 become U+FFFD, so that the text around them is still searched. */
function decodeTriplets(triplets: string): string {
  return Buffer.from(triplets.replaceAll('%', ''), 'hex').toString('utf8')
}

/** How many nested encodings are undone. */
const maxDepth = 2

/** Redacts card numbers. Hardly any line has that many digits in a row, so there is rarely a run to look at. */
function redactCards(text: string): string {
  return replaceRuns(text, findRuns(text, cardCharacters, minCardLength), ({ begin, end }) => {
    // The characters on either side decide whether the number begins and ends here.
    const before = text.slice(Math.max(0, begin - 1), begin)
    const around = text.slice(begin - before.length, end + 1)
    const shown = around.replace(cardNumber, redactCard)
    const after = around.length - before.length - (end - begin)
    return shown === around ? undefined : shown.slice(before.length, shown.length - after)
  })
}

/** Redacts a number whose check digit is that of a card number (ISO/IEC 7812-1, annex B). */
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
