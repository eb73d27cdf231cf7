import { percentDecode } from '../percent-encoding.ts'
import { redacted } from '../secret.ts'
import { characters, findRuns } from './character-runs.ts'
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
/* What Magento's tokens and keys, and digests in hex look like. */
const tokenShapes = new RegExp(
  [
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
const wordRun = /[^/?&=\s"\\]+/g
const percentTriplet = /%[0-9A-Fa-f]{2}/
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
    let shown = redactUnmistakable(text)
    // Far cheaper than to look for a card, and hardly a line has as many digits in a row.
    if (findRuns(shown, cardCharacters, minCardLength).length > 0) {
      shown = shown.replace(cardNumber, redactCard)
    }
    return emails ? shown.replace(email, redacted) : shown
  }
  /** Whether what a run stands for has anything to hide. */
  function hides(decoded: string, depth: number): boolean {
    const known = redactKnown(decoded)
    return known !== decoded || redactDeep(known, depth) !== known
  }
  function redactDeep(text: string, depth: number): string {
    const plain = redactPlain(text)
    if (depth === 0) return plain
    const percent = plain.includes('%')
      ? plain.replace(wordRun, (run) => {
          if (!percentTriplet.test(run)) return run
          const decoded = percentDecode(run)
          return decoded !== undefined && hides(decoded, depth - 1) ? redacted : run
        })
      : plain
    return replaceBase64(percent, (run) => {
      if (hidesBase64(run, depth)) return redacted
      if (!run.includes('/')) return run
      // Of base64url in a path the slashes are those of the path.
      const parts = run.split('/')
      return parts.map((part) => (hidesBase64(part, depth) ? redacted : part)).join('/')
    })
  }
  function hidesBase64(run: string, depth: number): boolean {
    if (run.length < minBase64Length || isHex(run)) return false
    const decoded = Buffer.from(run, 'base64').toString('latin1')
    return printable.test(decoded) && hides(decoded, depth - 1)
  }
  return (line) => redactDeep(line, maxDepth)
}

const base64Characters = characters(/[A-Za-z0-9+/_-]/)
/** Base64 of at least fifteen bytes. */
const minBase64Length = 20

/** Replaces the runs that can be base64. A regular expression takes ten times as long to find them. */
function replaceBase64(text: string, replace: (run: string) => string): string {
  let out = ''
  let shown = 0
  for (const { begin, end } of findRuns(text, base64Characters, minBase64Length)) {
    const run = text.slice(begin, end)
    const replaced = replace(run)
    if (replaced === run) continue
    out += text.slice(shown, begin) + replaced
    shown = end
  }
  return shown === 0 ? text : out + text.slice(shown)
}

/** Whether a run is of hex digits and hyphens only, as an id or a digest is. */
function isHex(run: string): boolean {
  for (let at = 0; at < run.length; at += 1) {
    const code = run.charCodeAt(at)
    const isDigit = (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66)
    if (!isDigit && code !== 0x2d) return false
  }
  return true
}

/** How many encodings around each other are undone. */
const maxDepth = 2

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
