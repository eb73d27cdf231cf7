import { isUtf8 } from 'node:buffer'
import { parse } from 'shell-quote'
import { Unreadable } from './unreadable.ts'

/**
 * Stands in for the value of a variable or the output of a command that a shell would have inserted. It is a character
 * for private use, which no serious request contains.
 */
export const expansion = '\uE000'

/*
 * Matches text in ' or $' quotes, text in " quotes, a continued line, the beginning of a variable, or any other character.
 * This is needed because the library drops a quote that is not closed, and takes a line continuation for a word.
 */
const pieces =
  /(\$'(?:\\.|[^'\\])*'|'[^']*')|("(?:\\.|[^"\\])*")|(\\(?:\r?\n|$))|\\.|\$\{|[^'"\\]/gs

/** Within $' quotes: bytes of characters that are not ASCII, by their numbers, or any other escape. */
const escapedBytes = /((?:\\(?:x[89a-fA-F][\da-fA-F]|[23][0-7]{2}))+)|\\./gs

/**
 * Splits a shell command into words. Nothing is expanded: `$NAME`, `$(…)` and backquotes become {@link expansion} and the
 * rest of their text.
 * @throws {Unreadable} for a quote that is not closed, for what a shell would make several words of, and for more than
 *   one command
 */
export function shellWords(text: string): string[] {
  if (text.replace(pieces, '') !== '') throw new Unreadable('a quote is not closed')
  const oneLine = text.trim().replace(pieces, (piece, literal, quoted, lineEnd) => {
    if (literal !== undefined) return literal.startsWith('$') ? decodeBytes(literal) : literal
    if (quoted !== undefined) return quoted.replace(/\\(?:\r?\n|.)|`/gs, asInQuotes)
    if (piece === '\n') throw new Unreadable(`a line break ${outside}, and \\ before a line break`)
    if (piece === '{') throw new Unreadable(`a brace ${outside}`)
    if (piece === '`') return expansion
    return lineEnd === undefined ? piece : ''
  })
  return parseLine(oneLine).map((entry) => {
    if (typeof entry === 'string') return entry
    // What the library takes for a pattern of file names is a URL with a query.
    if ('pattern' in entry) return entry.pattern
    const found = 'op' in entry ? `the operator ${entry.op}` : 'a comment'
    throw new Unreadable(`${found} ${outside}`)
  })
}

const outside = 'outside of quotes: give one command, with its URL and data in quotes'

function parseLine(line: string) {
  try {
    return parse(line, (name) => `${expansion}${name}`)
  } catch {
    // The message of the library quotes the rest of the line, which may have a secret.
    throw new Unreadable('${ begins no variable of a shell: give the text in single quotes')
  }
}

/** The library takes each byte for a character of its own. */
function decodeBytes(quoted: string): string {
  return quoted.replace(escapedBytes, (piece, numbers?: string) => {
    if (numbers === undefined) return piece
    const bytes = Buffer.from(numbers.split('\\').slice(1).map(byteOf))
    if (isUtf8(bytes)) return bytes.toString()
    throw new Unreadable('text that is not UTF-8: give a body with other bytes as @FILE')
  })
}

function byteOf(number: string): number {
  return number.startsWith('x') ? Number.parseInt(number.slice(1), 16) : Number.parseInt(number, 8)
}

/** What the library makes the right thing of, for a backquote or an escape within " quotes. */
function asInQuotes(piece: string): string {
  if (piece === '`') return expansion
  if (piece === '\\`') return '`'
  return piece.endsWith('\n') ? '' : piece
}
