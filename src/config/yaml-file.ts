import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import {
  CORE_SCHEMA,
  constructFromEvents,
  EVENT_ID,
  type Event,
  mapTag,
  parseEvents,
  YAMLException,
} from 'js-yaml'
import type { Fault } from './faults.ts'
import { lineOfComplexKey, lineOfPointer } from './yaml-lines.ts'

/** A YAML file, read. */
export interface YamlFile {
  readonly file: string
  readonly value: unknown
  /** The line of the place that a JSON Pointer names, or of the nearest one above it that is there. */
  readonly lineOf: (pointer: string) => number | undefined
}

/** What aliases may lead to, all of it counted each time that it is led to. */
const maxAliasedValues = 100_000
const maxAliasedDepth = 1_000

const complexKey = 'a key that is no text'

const schema = CORE_SCHEMA.withTags({
  ...mapTag,
  addPair: (map, key, value) =>
    key instanceof Object ? complexKey : mapTag.addPair(map, key, value),
})

/**
 * Reads a YAML 1.2 file with one document. What the parser says of an error is told only as far as it does not
 * quote the file.
 */
export async function readYamlFile(file: string): Promise<YamlFile | readonly Fault[]> {
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    return [{ file, pointer: '', expected: `a readable file (${code})` }]
  }
  const fault = (what: string, line?: number): [Fault] => [
    { file, pointer: '', line, expected: `YAML without the error: ${what}` },
  ]
  if (!isUtf8(bytes)) return fault('bytes that are not UTF-8')
  const text = bytes.toString()
  try {
    const events = parseEvents(text, {})
    const [value = null, ...others] = constructFromEvents(events, { source: text, schema })
    if (others.length > 0) return fault('more than one document')
    if (events.some(isAlias) && countAliased(value) > maxAliasedValues) {
      return fault('aliases that lead to themselves, or to too much')
    }
    return { file, value, lineOf: (pointer) => lineOfPointer(text, pointer) }
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error
    // The parser has come to the end of such a key when it finds it wrong.
    const line =
      error.reason === complexKey ? lineOfComplexKey(text) : error.mark && error.mark.line + 1
    return fault(withoutQuotes(error.reason), line)
  }
}

function isAlias({ type }: Event): boolean {
  return type === EVENT_ID.ALIAS
}

/**
 * How many values these are, where what several aliases lead to counts for each; Infinity for what holds itself, and
 * for what aliases nest deeper than anybody writes.
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

/** What js-yaml quotes stands in double quotes, in angle brackets or behind a colon, and always last. */
function withoutQuotes(reason: string): string {
  return reason.replace(/(?: with| for)?(?:: | ".| !?<).*$/s, '')
}
