import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { Type } from 'typebox'
import { maxViolations, type Violation } from '../problem.ts'
import { valueKey } from '../syntax/value-key.ts'

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

/**
 * Longest text that is held against the format `url`, characters. Its expression is the only one of all formats that
 * takes seconds for some texts of the length that a body may have.
 */
const longestUrl = 2_048

/*
 * How many steps a check may take: for any body, and besides for each character of it. Where a schema comes back to itself
 * from several branches of an `anyOf`, the steps double with each level of a body, so that sixty levels would never end.
 * Each element or member that is looked at is a step, and so are sixteen characters of a text that is measured or matched;
 * each call of a function that Ajv makes of what a schema refers to takes as long as ten.
 */
const stepsAnyway = 200_000
const stepsPerCharacter = 10
const stepsOfCall = 10
const charactersPerStep = 16

const schemaOfSchemas = new Ajv2020()

/**
 * Compiles a schema.
 * @throws {Error} when the schema is not valid, or refers to something that does not exist
 */
export function compileBodySchema(schema: object): BodyValidator {
  void schemaOfSchemas.validateSchema(schema, true)
  const check = compile(schema, false)
  let checkAll: Check | undefined
  const violationsIn = (value: unknown, length: number) => {
    const errors = check(value, length)
    if (errors.length === 0 || length > longestListed) return errors
    checkAll ??= compile(schema, true)
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

/** Gives the errors of a value; throws {@link RangeError} if it takes too many calls. */
type Check = (value: unknown, length: number) => readonly ErrorObject[]

function compile(schema: object, allErrors: boolean): Check {
  // One instance per schema, so that names ($id, $anchor) of one schema are unknown to the others.
  const ajv = new Ajv2020({
    validateSchema: false,
    allErrors,
    strict: true,
    allowUnionTypes: true,
    // 4.35 is a multiple of 0.0001, but not exactly as doubles: for numbers around 1e8 the error is 2e-4 of a step.
    multipleOfPrecision: 3,
    // Nothing else can come back to itself.
    ...(/"\$(?:ref|dynamicRef)"/.test(JSON.stringify(schema)) && { code: { process: countSteps } }),
  })
  addFormats.default(ajv)
  const { url } = ajv.formats
  if (url instanceof RegExp) {
    ajv.addFormat('url', (text: string) => text.length <= longestUrl && url.test(text))
  }
  // A keyword of Ajv alone: the check would be a promise, for which nobody waits.
  ajv.removeKeyword('$async')
  // That of Ajv compares each element with all others, if they are objects or may be.
  ajv.removeKeyword('uniqueItems').addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    error: { message: 'must NOT have duplicate items' },
    validate: (isDemanded: boolean, items: readonly unknown[]) =>
      !isDemanded || items.length <= 1 || new Set(items.map(keyOf)).size === items.length,
  })
  let stepsLeft = 0
  const spend = (steps: number) => {
    stepsLeft -= steps
    if (stepsLeft < 0) throw new RangeError('too many steps')
  }
  function read(value: unknown): unknown {
    if (typeof value === 'string') spend(value.length / charactersPerStep)
    return value
  }
  function keyOf(item: unknown): unknown {
    const key = valueKey(item)
    spend(typeof key === 'string' ? key.length : 1)
    return key
  }
  const validate = Object.assign(ajv, { spend, read }).compile(schema)
  return (value, length) => {
    stepsLeft = stepsAnyway + stepsPerCharacter * length
    return validate(value) ? [] : (validate.errors ?? [])
  }
}

/**
 * Has the code of a function count its calls, the turns of its loops, and the texts that it hands to other functions. In
 * there, the instance of Ajv is called `self`.
 */
function countSteps(code: string): string {
  return code
    .replace(/return function validate\d+\(data, .*?=\{\}\)\{/, `$&self.spend(${stepsOfCall});`)
    .replaceAll(/\bfor\((?:let|const) [^)]*\)\{/g, '$&self.spend(1);')
    .replaceAll(
      /\b((?:func|pattern|formats)\d+(?:\.\w+)?)\(((?:data|key)\d*)\)/g,
      '$1(self.read($2))',
    )
}

/** Says what the schema expects, without repeating values or unknown names that the client sent. */
function violationOf(error: ErrorObject): Violation {
  const expected =
    error.keyword === 'additionalProperties' || error.keyword === 'unevaluatedProperties'
      ? 'no members but those of the schema'
      : (error.message ?? 'what the schema says')
  return { pointer: error.instancePath, expected }
}
