import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { Type } from 'typebox'
import type { Violation } from '../problem.ts'

/** A JSON Schema (2020-12) that the configuration refers to by file, compiled. */
export interface SchemaFile {
  /** Name below `schemas/`. */
  readonly file: string
  readonly schema: Readonly<Record<string, unknown>>
  readonly validate: BodyValidator
}

/** A setting that names a file below `schemas/`; a {@link SchemaFile} once loaded. */
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

/** How many violations an answer lists at most. */
const maxViolations = 20

/** Lists what is wrong with a value; empty when it matches. */
export type BodyValidator = (value: unknown) => readonly Violation[]

const schemaOfSchemas = new Ajv2020()

/**
 * Compiles a schema.
 * @throws {Error} when the schema is not a valid one, or refers to what is not there
 */
export function compileBodySchema(schema: object): BodyValidator {
  void schemaOfSchemas.validateSchema(schema, true)
  // One for each, since names within one schema mean nothing in another.
  const ajv = new Ajv2020({
    validateSchema: false,
    allErrors: true,
    strict: true,
    allowUnionTypes: true,
    // 4.35 is a multiple of 0.0001, and as doubles it is one up to 2e-4 of a step for numbers of 1e8.
    multipleOfPrecision: 3,
  })
  addFormats.default(ajv)
  const validate: ValidateFunction = ajv.compile(schema)
  return (value) => {
    if (validate(value)) return []
    return (validate.errors ?? []).slice(0, maxViolations).map(violationOf)
  }
}

/** Says what the schema expects; values and unknown names that the client sent are left out. */
function violationOf(error: ErrorObject): Violation {
  const expected =
    error.keyword === 'additionalProperties' || error.keyword === 'unevaluatedProperties'
      ? 'no members but those of the schema'
      : (error.message ?? 'what the schema says')
  return { pointer: error.instancePath, expected }
}
