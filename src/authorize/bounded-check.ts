import {
  _,
  Ajv2020,
  type CodeKeywordDefinition,
  type ErrorObject,
  type KeywordCxt,
} from 'ajv/dist/2020.js'
import names from 'ajv/dist/compile/names.js'
import addFormats from 'ajv-formats'
import { maxViolations } from '../problem.ts'
import { isObject } from '../syntax/is-object.ts'
import { valueKey } from '../syntax/value-key.ts'

/**
 * Gives the errors of a value.
 * @param length of the value as JSON, characters
 * @throws {RangeError} if it takes too many steps
 */
export type BoundedCheck = (value: unknown, length: number) => readonly ErrorObject[]

/*
 * How many steps a check may take: for any body, and besides for each character of it. Where a schema comes back to itself
 * from several branches of an `anyOf`, the steps double with each level of a body, so that sixty levels would never end.
 * Each element that a keyword looks at is a step, and so are sixteen characters of a text that is measured or matched.
 * Looking at a member takes as long as two steps, and following a reference as long as ten; where what it leads to fails,
 * Ajv copies the errors so far, as with each element for `contains`.
 */
const stepsAnyway = 200_000
const stepsPerCharacter = 10
const stepsOfReference = 10
const stepsOfMember = 2
const errorsPerStep = 256
const charactersPerStep = 16

/**
 * Longest text that is held against the format `url`, characters. Its expression is the only one of all formats that
 * takes seconds for some texts of the length that a body may have.
 */
const longestUrl = 2_048

/**
 * Compiles a schema (2020-12) to a check whose time is bounded by the length of what it checks.
 * @param allErrors whether the check goes on after the first error
 * @throws {Error} when the schema refers to something that does not exist, or has unknown keywords
 */
export function compileBounded(schema: object, allErrors: boolean): BoundedCheck {
  // One instance per schema, so that names ($id, $anchor) of one schema are unknown to the others.
  const ajv = new Ajv2020({
    validateSchema: false,
    allErrors,
    strict: true,
    allowUnionTypes: true,
    // 4.35 is a multiple of 0.0001, but not exactly as doubles: for numbers around 1e8 the error is 2e-4 of a step.
    multipleOfPrecision: 3,
  })
  addFormats.default(ajv)
  const { url } = ajv.formats
  if (url instanceof RegExp) {
    ajv.addFormat('url', (text: string) => text.length <= longestUrl && url.test(text))
  }
  // A keyword of Ajv alone: the check would be a promise, for which nobody waits.
  ajv.removeKeyword('$async')
  let stepsLeft = 0
  function spend(steps: number): void {
    stepsLeft -= steps
    if (stepsLeft < 0) throw new RangeError('too many steps')
  }
  function keyOf(value: unknown): unknown {
    const key = valueKey(value)
    spend(typeof key === 'string' ? key.length : 1)
    return key
  }
  compareByKeys(ajv, keyOf)
  // Nothing else can come back to itself.
  if (/"\$(?:ref|dynamicRef)"/.test(JSON.stringify(schema))) {
    countSteps(ajv, spend)
    keepFewErrors(ajv)
  }
  const validate = ajv.compile(schema)
  return (value, length) => {
    stepsLeft = stepsAnyway + stepsPerCharacter * length
    return validate(value) ? [] : (validate.errors ?? [])
  }
}

/**
 * Replaces the keywords that compare objects. Those of Ajv compare each element with all others, and call the members
 * `valueOf` and `toString` of an object, which a body may have.
 */
function compareByKeys(ajv: Ajv2020, keyOf: (value: unknown) => unknown): void {
  ajv.removeKeyword('uniqueItems').addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    error: { message: 'must NOT have duplicate items' },
    validate: (isDemanded: boolean, items: readonly unknown[]) =>
      !isDemanded || items.length <= 1 || new Set(items.map(keyOf)).size === items.length,
  })
  const isOneOf = (allowed: readonly unknown[]) => {
    const values = new Set(allowed)
    const keys = new Set(allowed.filter(isObject).map(valueKey))
    return (value: unknown) =>
      values.has(value) || (isObject(value) && keys.size > 0 && keys.has(keyOf(value)))
  }
  ajv.removeKeyword('const').addKeyword({
    keyword: 'const',
    error: { message: 'must be equal to constant' },
    compile: (wanted: unknown) => isOneOf([wanted]),
  })
  ajv.removeKeyword('enum').addKeyword({
    keyword: 'enum',
    schemaType: 'array',
    error: { message: 'must be equal to one of the allowed values' },
    compile: isOneOf,
  })
}

/**
 * Has keywords spend steps before they look at a value. Those that are not named look at as much in a small value as in
 * a large one, or spend the keys that they compare.
 */
function countSteps(ajv: Ajv2020, spend: (steps: number) => void): void {
  function spendFirst<Value>(
    keywords: readonly string[],
    stepsFor: (value: Value, errors: number) => number,
  ) {
    const spendOn = (value: Value, errors: number) => spend(stepsFor(value, errors))
    for (const keyword of keywords) {
      beforeCode(ajv, keyword, ({ gen, data }) => {
        gen.code(_`${gen.scopeValue('func', { ref: spendOn })}(${data}, ${names.default.errors})`)
      })
    }
  }
  spendFirst(['$ref', '$dynamicRef'], (_value, errors) => stepsOfReference + errors / errorsPerStep)
  spendFirst(['items', 'contains', 'unevaluatedItems'], (array: unknown[]) => array.length)
  spendFirst(['minLength', 'maxLength', 'pattern', 'format'], stepsOfText)
  spendFirst(['additionalProperties', 'patternProperties', 'propertyNames'], stepsOfMembers)
  spendFirst(['unevaluatedProperties', 'minProperties', 'maxProperties'], stepsOfMembers)
}

function stepsOfText(text: string): number {
  return text.length / charactersPerStep
}

/** Going through the names of a large object takes longer than through the elements of an array, and is done here too. */
function stepsOfMembers(object: object): number {
  let steps = 0
  for (const name in object) steps += stepsOfMember + stepsOfText(name)
  return steps
}

/**
 * Has Ajv keep only as many errors of all branches of a union, and of all elements for `contains`, as are listed. With each
 * level that comes back to itself from several branches, there would be twice as many: millions, which would fill the
 * memory. Where what a reference leads to fails, Ajv copies the errors so far, with each element all those of the others.
 */
function keepFewErrors(ajv: Ajv2020): void {
  for (const keyword of ['anyOf', 'oneOf']) {
    beforeCode(ajv, keyword, (context) => {
      const addOwn = context.error.bind(context)
      context.error = (...own) => {
        dropFurtherErrors(context)
        addOwn(...own)
      }
    })
  }
  beforeCode(ajv, 'contains', (context) => {
    const checkElement = context.subschema.bind(context)
    context.subschema = (...element) => {
      const checked = checkElement(...element)
      dropFurtherErrors(context)
      return checked
    }
  })
}

function dropFurtherErrors({ gen, errsCount }: KeywordCxt): void {
  const { errors, vErrors } = names.default
  gen.if(_`${errors} > ${errsCount} + ${maxViolations}`, () => {
    gen.assign(errors, _`${errsCount} + ${maxViolations}`)
    gen.assign(_`${vErrors}.length`, errors)
  })
}

/** Calls `prepare` before Ajv generates the code of a keyword. */
function beforeCode(ajv: Ajv2020, keyword: string, prepare: (context: KeywordCxt) => void): void {
  const definition = ajv.getKeyword(keyword) as CodeKeywordDefinition
  const { code } = definition
  definition.code = (context, type) => {
    prepare(context)
    code(context, type)
  }
}
