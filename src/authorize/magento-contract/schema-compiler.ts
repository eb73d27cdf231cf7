import { descend, type Findings, note, type ValueCheck } from './findings.ts'
import { checkBoolean, integerCheck, numberCheck, openCheck, stringCheck } from './scalar-checks.ts'
import { spellingsOf } from './spelling.ts'
import type { SwaggerSchema } from './swagger.ts'

/** Bounds that Magento's own schema lacks. */
export interface ValueBounds {
  /** Most characters of a text. Contents of files are bounded only by the size of the body. */
  readonly maxStringLength: number
  /** Most elements of an array. */
  readonly maxItems: number
}

/** Compiles the schemas of one document into checks. */
export interface SchemaCompiler {
  readonly compile: (schema: SwaggerSchema) => ValueCheck
  /**
   * Checks the members of an object: every name in each of its spellings is known, any other name is a violation.
   * @param asSpelled names that are known in this spelling only, with any value within bounds
   */
  readonly compileMembers: (
    properties: Readonly<Record<string, SwaggerSchema>>,
    asSpelled?: readonly string[],
  ) => (value: object, findings: Findings) => void
}

const prefix = '#/definitions/'
const listKeyForm = /^\d+$/
// As that of a custom attribute, its value may be anything (Magento: SalesRule/Api/Data/ConditionInterface.php, setValue).
const ruleCondition = 'sales-rule-data-condition-interface'
const fileContents = /^(?:base64_encoded_data|file_data|file_content)$/

/**
 * Compiles each definition once, when it is first used. Of the five hundred definitions of a document, only those that
 * granted routes reach take up memory.
 */
export function schemaCompiler(
  definitions: Readonly<Record<string, SwaggerSchema>>,
  { maxStringLength, maxItems }: ValueBounds,
): SchemaCompiler {
  const compiled = new Map<string, ValueCheck>()
  const checkText = stringCheck(maxStringLength)
  const checkNumber = numberCheck(maxStringLength)
  const checkInteger = integerCheck(maxStringLength)
  const checkFile = stringCheck(Number.POSITIVE_INFINITY)
  const checkOpen = openCheck(maxStringLength, maxItems)

  function compile(schema: SwaggerSchema): ValueCheck {
    if (schema.$ref !== undefined) return reference(schema.$ref.slice(prefix.length))
    if (schema.type === 'string') return checkText
    if (schema.type === 'integer') return checkInteger
    if (schema.type === 'number') return checkNumber
    if (schema.type === 'boolean') return checkBoolean
    if (schema.type === 'array') return compileArray(schema.items ?? {})
    if (schema.properties !== undefined) return compileObject(schema.properties)
    return checkOpen
  }

  function reference(name: string): ValueCheck {
    const found = compiled.get(name)
    if (found !== undefined) return found
    // Definitions refer to each other in circles, so the check is registered before it is compiled.
    let check: ValueCheck | undefined
    const lazy: ValueCheck = (value, findings) => {
      check ??= compileDefinition(name)
      check(value, findings)
    }
    compiled.set(name, lazy)
    return lazy
  }

  function compileDefinition(name: string): ValueCheck {
    const definition = definitions[name] ?? {}
    return name === ruleCondition || isAttribute(definition)
      ? compileObject({ ...definition.properties, value: {} })
      : compile(definition)
  }

  function compileArray(items: SwaggerSchema): ValueCheck {
    const isObject = items.$ref !== undefined || items.type === 'object'
    const item = compile(items)
    return (value, findings) => {
      if (value === null) return
      if (Array.isArray(value)) {
        if (value.length > maxItems) return note(findings, `at most ${maxItems} elements`)
        for (let index = 0; index < value.length; index += 1) {
          descend(index, value[index], item, findings)
        }
        return
      }
      if (typeof value !== 'object') return note(findings, 'an array')
      // PHP encodes an array with gaps as an object, which Magento reads as an array again. And the payment data
      // (additional_data) is documented as an array of strings, but everybody sends an object.
      const entries = Object.entries(value)
      if (!isObject) return checkOpen(value, findings)
      if (!entries.every(([key]) => listKeyForm.test(key))) return note(findings, 'an array')
      if (entries.length > maxItems) return note(findings, `at most ${maxItems} elements`)
      for (const [key, member] of entries) descend(key, member, item, findings)
    }
  }

  function compileMembers(
    properties: Readonly<Record<string, SwaggerSchema>>,
    asSpelled: readonly string[] = [],
  ) {
    const members = new Map(asSpelled.map((name) => [name, checkOpen]))
    for (const [name, schema] of Object.entries(properties)) {
      const check = compileMember(name, schema)
      for (const spelling of spellingsOf(name)) members.set(spelling, check)
    }
    return (value: object, findings: Findings) => {
      let hasUnknown = false
      for (const name in value) {
        const check = members.get(name)
        if (check === undefined) hasUnknown = true
        else descend(name, value[name as keyof typeof value], check, findings)
      }
      if (hasUnknown) note(findings, 'no members but those of the schema')
    }
  }

  function compileMember(name: string, schema: SwaggerSchema): ValueCheck {
    if (fileContents.test(name) && schema.type === 'string') return checkFile
    const check = compile(schema)
    const isAttributeList = isAttribute(resolve(schema.items))
    if (!isAttributeList) return check
    return (value, findings) => {
      // Magento also accepts a map from attribute codes to values.
      const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
      if (isMap) checkOpen(value, findings)
      else check(value, findings)
    }
  }

  function resolve(schema: SwaggerSchema | undefined): SwaggerSchema | undefined {
    return schema?.$ref === undefined ? schema : definitions[schema.$ref.slice(prefix.length)]
  }

  function compileObject(properties: Readonly<Record<string, SwaggerSchema>>): ValueCheck {
    const checkMembers = compileMembers(properties)
    return (value, findings) => {
      if (value === null) return
      // PHP encodes an object without members as an empty array.
      if (Array.isArray(value) && value.length === 0) return
      if (typeof value !== 'object' || Array.isArray(value)) return note(findings, 'an object')
      checkMembers(value, findings)
    }
  }

  return { compile, compileMembers }
}

/**
 * Whether a definition is that of a custom attribute, which consists of a code and a value. The value may be anything,
 * although the document says that it is a string (Magento: Webapi/Model/Rest/Swagger/Generator.php).
 */
function isAttribute(schema: SwaggerSchema | undefined): boolean {
  const names = Object.keys(schema?.properties ?? {})
  return names.length === 2 && names.includes('attribute_code') && names.includes('value')
}
