import { parse } from 'shell-quote'
import { Unreadable } from './unreadable.ts'

/**
 * Stands where a shell would have put the value of a variable or the output of a command; a
 * character for private use, which no request that is meant holds.
 */
export const expansion = '\uE000'

/*
 * Quoted by ' and $', quoted by ", the end of a line that goes on, anything else. The library
 * drops a quote that is not closed and takes a line that goes on for a word.
 */
const pieces = /(\$'(?:\\.|[^'\\])*'|'[^']*')|("(?:\\.|[^"\\])*")|(\\\r?\n)|\\.|[^'"\\]/gs

/**
 * The words of one shell command. Nothing is expanded: `$NAME` and `$(…)` become
 * {@link expansion} and the rest of their text.
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
    // What would be a pattern for file names is a URL with a query.
    if ('pattern' in entry) return entry.pattern
    const found = 'op' in entry ? `the operator ${entry.op}` : 'a comment'
    throw new Unreadable(`${found} outside of quotes: give one command, and quote its URL`)
  })
}
