import { parse } from 'shell-quote'
import { Unreadable } from './unreadable.ts'

/**
 * Stands in for the value of a variable or the output of a command that a shell would have inserted. It is a character
 * for private use, which no serious request contains.
 */
export const expansion = '\uE000'

/*
 * Matches text in ' or $' quotes, text in " quotes, a continued line, or any other character. This is needed because the
 * library drops a quote that is not closed, and takes a line continuation for a word.
 */
const pieces = /(\$'(?:\\.|[^'\\])*'|'[^']*')|("(?:\\.|[^"\\])*")|(\\\r?\n)|\\.|[^'"\\]/gs

/**
 * Splits a shell command into words. Nothing is expanded: `$NAME` and `$(…)` become {@link expansion} and the rest of
 * their text.
 * @throws {Unreadable} for a quote that is not closed, and for more than one command
 */
export function shellWords(text: string): string[] {
  if (text.replace(pieces, '') !== '') throw new Unreadable('a quote is not closed')
  const oneLine = text.replace(pieces, (piece, literal, quoted, lineEnd) => {
    if (literal !== undefined) return piece
    if (quoted !== undefined) return piece.replace(/(\\[^\r\n])|\\\r?\n/g, '$1')
    return lineEnd === undefined ? piece : ''
  })
  return parse(oneLine.trim(), (name) => `${expansion}${name}`).map((entry) => {
    if (typeof entry === 'string') return entry
    // What the library takes for a pattern of file names is a URL with a query.
    if ('pattern' in entry) return entry.pattern
    const found = 'op' in entry ? `the operator ${entry.op}` : 'a comment'
    throw new Unreadable(`${found} outside of quotes: give one command, and quote its URL`)
  })
}
