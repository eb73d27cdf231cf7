import { join } from 'node:path'
import { compileBodySchema, type SchemaFile } from '../authorize/body-schema.ts'
import { scanJson } from '../syntax/json-structure.ts'
import { utf8Text } from '../syntax/utf8-text.ts'
import { endlessReferenceIn } from './endless-reference.ts'
import { readBytes } from './read-bytes.ts'
import type { Resolved } from './secret-reference.ts'
import { slowPatternIn } from './slow-pattern.ts'

/** Reads a file below `schemas/`; returns the schema, or what was expected. */
export type ReadSchemaFile = (file: string) => Promise<Resolved<SchemaFile>>

/**
 * Reads and compiles the files of `schemas/` below a directory. Compiling takes milliseconds, so each file is compiled
 * only once, however many integrations refer to it.
 */
export function openSchemaFiles(directory: string): ReadSchemaFile {
  const known = new Map<string, Promise<Resolved<SchemaFile>>>()
  return (file) => {
    const read = known.get(file) ?? readSchemaFile(join(directory, 'schemas', file), file)
    known.set(file, read)
    return read
  }
}

async function readSchemaFile(path: string, file: string): Promise<Resolved<SchemaFile>> {
  const bytes = await readBytes(path)
  if ('code' in bytes)
    return { expected: `the file schemas/${file} to be readable (${bytes.code})` }
  const text = utf8Text(bytes)
  if (text === undefined) return { expected: `text in UTF-8 in schemas/${file}` }
  const expectedSchema = (why: string) => `a valid JSON Schema in schemas/${file} (${why})`
  try {
    const schema = JSON.parse(text) as SchemaFile['schema']
    if (schema === null) return { expected: expectedSchema('null is none') }
    if (hasRepeatedName(text)) return { expected: expectedSchema('a name twice in one object') }
    const loop = endlessReferenceIn(schema)
    if (loop !== undefined) return { expected: expectedSchema(`${loop || '/'} ${endless}`) }
    const validate = compileBodySchema(schema)
    const slow = slowPatternIn(schema)
    if (slow !== undefined) return { expected: `a faster pattern at ${slow} of schemas/${file}` }
    return { value: { file, schema, validate } }
  } catch (error) {
    const why =
      error instanceof RangeError ? tooDeep : error instanceof Error ? error.message : 'unknown'
    return { expected: expectedSchema(why) }
  }
}

const endless =
  'leads back to itself by $ref without going down into the value, so it would never end'

const tooDeep = 'schemas are nested too deeply'

/** Whether an object has two members of one name, of which JSON.parse keeps the last. */
function hasRepeatedName(text: string): boolean {
  let members = -1 // The value as a whole is a member of an object that it is put into.
  JSON.parse(text, function count(this: unknown, _name, value: unknown) {
    if (!Array.isArray(this)) members += 1
    return value
  })
  return scanJson(Buffer.from(text)).names !== members
}
