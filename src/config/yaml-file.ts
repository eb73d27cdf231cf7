import {
  CORE_SCHEMA,
  constructFromEvents,
  EVENT_ID,
  type Event,
  mapTag,
  parseEvents,
  YAMLException,
} from 'js-yaml'
import { utf8Text } from '../syntax/utf8-text.ts'
import type { Fault } from './faults.ts'
import { readBytes } from './read-bytes.ts'
import { lineOfComplexKey, lineOfPointer } from './yaml-lines.ts'

/** A YAML file that has been read. */
export interface YamlFile {
  readonly value: unknown
  /** The line of the value that a JSON Pointer points to, or of its nearest ancestor that exists. */
  readonly lineOf: (pointer: string) => number | undefined
}

/** How many values a file may have when what an alias refers to is counted for each alias. */
const maxAliasedValues = 100_000
const maxAliasedDepth = 1_000

const complexKey = 'a key that is no text'

const schema = CORE_SCHEMA.withTags({
  ...mapTag,
  addPair: (map, key, value) =>
    key instanceof Object ? complexKey : mapTag.addPair(map, key, value),
})

/** Reads a YAML 1.2 file with one document. Quotations of the file are removed from the parser's messages. */
export async function readYamlFile(file: string): Promise<YamlFile | readonly Fault[]> {
  const bytes = await readBytes(file)
  if ('code' in bytes) {
    return [{ file, pointer: '', expected: `a readable file (${bytes.code})` }]
  }
  const fault = (what: string, line?: number): [Fault] => [
    { file, pointer: '', line, expected: `YAML without the error: ${what}` },
  ]
  const text = utf8Text(bytes)
  if (text === undefined) return fault('bytes that are not UTF-8')
  try {
    const events = parseEvents(text, {})
    const [value = null, ...others] = constructFromEvents(events, { source: text, schema })
    if (others.length > 0) return fault('more than one document')
    if (events.some(isAlias) && countAliased(value) > maxAliasedValues) {
      return fault('aliases that lead to themselves, or to too much')
    }
    // In the parser's own value, each longer text is a slice of the file, and would keep all of it in memory.
    return { value: structuredClone(value), lineOf: (pointer) => lineOfPointer(text, pointer) }
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    // The parser reports such a key only at its end, so its line is looked up.
    const line =
      error.reason === complexKey ? lineOfComplexKey(text) : error.mark && error.mark.line + 1
    return fault(withoutQuotes(error.reason), line)
  }
}

function isAlias({ type }: Event): boolean {
  return type === EVENT_ID.ALIAS
}

/**
 * Counts the values within a value, counting what several aliases refer to once per alias. The result is Infinity if a
 * value contains itself, or if aliases nest more deeply than anybody would write.
 */
function countAliased(value: unknown, known = new Map<object, number>(), depth = 0): number {
  if (!(value instanceof Object)) return 1
  const counted = known.get(value)
  if (counted !== undefined) return counted
  if (depth > maxAliasedDepth) return Number.POSITIVE_INFINITY
  known.set(value, Number.POSITIVE_INFINITY)
  let count = 1
  for (const each of Object.values(value)) count += countAliased(each, known, depth + 1)
  known.set(value, count)
  return count
}

/** Removes what js-yaml quotes: it is always last, in double quotes, in angle brackets or after a colon. */
function withoutQuotes(reason: string): string {
  return reason.replace(/(?: with| for)?(?:: | ".| !?<).*$/s, '')
}
