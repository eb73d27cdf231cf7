import { join } from 'node:path'
import { compileBodySchema, type SchemaFile } from '../authorize/body-schema.ts'
import { type Resolved, readText } from './secret-reference.ts'

/** What a file below `schemas/` holds, or what would have to be there. */
export type ReadSchemaFile = (file: string) => Promise<Resolved<SchemaFile>>

/**
 * Reads and compiles the files of `schemas/` below a directory, each once, however many integrations name it:
 * to compile one takes milliseconds.
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
  const text = await readText(path)
  if (text === undefined) return { expected: `the file schemas/${file} to be readable` }
  try {
    const schema = JSON.parse(text) as SchemaFile['schema']
    return { value: { file, schema, validate: compileBodySchema(schema) } }
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown'
    return { expected: `a valid JSON Schema in schemas/${file} (${why})` }
  }
}
