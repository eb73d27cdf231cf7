import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import { Type } from 'typebox'
import { maxViolations, type Violation } from '../problem.ts'
import { type BoundedCheck, compileBounded } from './bounded-check.ts'

/** A JSON Schema (2020-12) from a file that the configuration refers to, compiled. */
export interface SchemaFile {
  /** The name of the file below `schemas/`. */
  readonly file: string
  readonly schema: Readonly<Record<string, unknown>>
  readonly validate: BodyValidator
}

/** A setting that names a file below `schemas/`. Loading the configuration replaces the name by a {@link SchemaFile}. */
export function SchemaFileSetting() {
  return Type.Unsafe<SchemaFile>(
    Type.String({
      pattern: '^[A-Za-z0-9._-]+\\.json$',
      description: 'A JSON Schema (2020-12): a file name below schemas/.',
      expected: 'the name of a .json file below schemas/',
      reference: 'schema',
    }),
  )
}

/**
 * Of a longer body, in characters, only the first violation is listed. It can have a hundred thousand of them, each of
 * which takes time and memory.
 */
const longestListed = 16_384

/**
 * Lists what is wrong with a value; the list is empty when the value is valid.
 * @param length of the value as JSON, characters; without it, only the first violation is listed
 */
export type BodyValidator = (value: unknown, length?: number) => readonly Violation[]

const schemaOfSchemas = new Ajv2020()

/**
 * Compiles a schema.
 * @throws {Error} when the schema is not valid, or refers to something that does not exist
 */
export function compileBodySchema(schema: object): BodyValidator {
  void schemaOfSchemas.validateSchema(schema, true)
  const check = compileBounded(schema, false)
  let checkAll: BoundedCheck | undefined
  const violationsIn = (value: unknown, length: number) => {
    const errors = check(value, length)
    if (errors.length === 0 || length > longestListed) return errors
    checkAll ??= compileBounded(schema, true)
    return checkAll(value, length)
  }
  return (value, length = Number.POSITIVE_INFINITY) => {
    try {
      return violationsIn(value, length).slice(0, maxViolations).map(violationOf)
    } catch (error) {
      // A schema that refers to itself is followed as deeply as the body is nested, and may take many calls for each level:
      // more than the stack holds, or more than are allowed.
      if (error instanceof RangeError) return [tooDeep]
      throw error
    }
  }
}

const tooDeep: Violation = { pointer: '', expected: 'a value that is nested less deeply' }

/** Says what the schema expects, without repeating values or unknown names that the client sent. */
function violationOf(error: ErrorObject): Violation {
  const expected =
    error.keyword === 'additionalProperties' || error.keyword === 'unevaluatedProperties'
      ? 'no members but those of the schema'
      : (error.message ?? 'what the schema says')
  return { pointer: error.instancePath, expected }
}
