import { join } from 'node:path'
import { compileBodySchema, type SchemaFile } from '../authorize/body-schema.ts'
import { type Resolved, readText } from './secret-reference.ts'

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
