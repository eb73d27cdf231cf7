import { readFile } from 'node:fs/promises'
import { type Document, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { unescapePointer } from '../json-pointer.ts'
import type { Fault } from './faults.ts'

/** A YAML file, read. */
export interface YamlFile {
  readonly file: string
  readonly value: unknown
  /** The line of the place that a JSON Pointer names, or of the nearest one above it that is there. */
  readonly lineOf: (pointer: string) => number | undefined
}

/**
 * Reads a YAML 1.2 file. The text of a parse error is left out of the faults, because it quotes the
 * file.
 */
export async function readYamlFile(file: string): Promise<YamlFile | readonly Fault[]> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    return [{ file, pointer: '', expected: `a readable file (${code})` }]
  }
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  if (document.errors.length > 0) {
    return document.errors.map(({ code, pos }) => ({
      file,
      pointer: '',
      line: lines.linePos(pos[0]).line,
      expected: `YAML without the error ${code}`,
    }))
  }
  const oddKey = keyThatIsNoText(document)
  if (oddKey !== undefined) {
    const line = lines.linePos(oddKey.offset).line
    return [{ file, pointer: '', line, expected: 'keys that are text' }]
  }
  let value: unknown
  try {
    value = document.toJS()
  } catch {
    return [
      { file, pointer: '', expected: 'YAML whose aliases (*name) lead somewhere, and to little' },
    ]
  }
  return { file, value, lineOf: (pointer) => lineIn(text, pointer) }
}

/** Reads the text again: what knows the lines is a hundred times as large, and only faults ask for them. */
function lineIn(text: string, pointer: string): number | undefined {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const path = pointer.split('/').slice(1).map(unescapePointer)
  for (; path.length > 0; path.pop()) {
    const node = document.getIn(path, true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return undefined
}

/** Where a key is a list, a map, an alias or bytes: of such a one the parser would print a warning that quotes it. */
function keyThatIsNoText(document: Document): { readonly offset: number } | undefined {
  let found: { readonly offset: number } | undefined
  visit(document, {
    Pair: (_, { key }) => {
      if (!isNode(key) || (isScalar(key) && !(key.value instanceof Object))) return undefined
      found = { offset: key.range?.[0] ?? 0 }
      return visit.BREAK
    },
  })
  return found
}
