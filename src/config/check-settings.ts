import type { Static, TSchema } from 'typebox'
import { Compile, Errors } from 'typebox/schema'
import { Settings as TypeboxSettings } from 'typebox/system'
import {
  MethodOrRouteSetting,
  RoutePatternSetting,
  WriteRouteSetting,
} from '../authorize/route-pattern.ts'
import { onceFor } from '../contract/once-for.ts'
import { escapePointer, pointerSteps } from '../syntax/json-pointer.ts'
import { type Fault, inFile, type RuleFault } from './faults.ts'
import { fillDefaults } from './fill-defaults.ts'
import { narrowSchema } from './narrow-schema.ts'
import type { YamlFile } from './yaml-file.ts'

/** Settings with defaults filled in, and their faults. */
export interface CheckedSettings<Settings extends TSchema> {
  /** Has the type of the schema only if `faults` is empty. */
  readonly value: Static<Settings>
  /** The schema with each union replaced by the member that the settings choose. */
  readonly narrowed: TSchema
  readonly faults: readonly Fault[]
  /** Pointers to those keys among the faults that no setting has. */
  readonly unknownKeys: ReadonlySet<string>
}

const validatorOf = onceFor((schema: TSchema) => Compile(schema))

/** Fills in defaults and checks a file against its schema. It finds every fault, not just the first. */
export function checkSettings<Settings extends TSchema>(
  schema: Settings,
  source: YamlFile,
): CheckedSettings<Settings> {
  const narrowed = narrowSchema<TSchema>(schema, source.value)
  const value = fillDefaults(narrowed, source.value ?? {}) as Static<Settings>
  // Listing faults takes ten times as long as finding out that there are none.
  const unknownKeys = new Set<string>()
  const faults = validatorOf(schema).Check(value) ? [] : faultsOf(narrowed, value, unknownKeys)
  return { value, narrowed, faults: inFile(source, faults), unknownKeys }
}

// TypeBox stops at 8; a list of routes alone can have more wrong ones, each with an error for every alternative.
const mostErrors = 10_000

/** @param unknownKeys gets the pointers to those keys that no setting has */
function faultsOf(schema: TSchema, value: unknown, unknownKeys: Set<string>): RuleFault[] {
  TypeboxSettings.Set({ maxErrors: mostErrors })
  const [, errors] = Errors(schema, value)
  // The errors of each alternative are less helpful than what was expected as a whole.
  const described = errors
    .filter(
      ({ keyword, schemaPath }) => keyword === 'anyOf' && schemaAt(schema, schemaPath)?.expected,
    )
    .map(({ schemaPath }) => `${schemaPath}/anyOf/`)
  return errors.flatMap((error): RuleFault[] => {
    if (described.some((path) => error.schemaPath.startsWith(path))) return []
    const { keyword, instancePath, params, message } = error
    if (keyword === 'boolean') return []
    const below = (key: string) => `${instancePath}/${escapePointer(key)}`
    const fault = (pointer: string, expected: string): RuleFault => ({ pointer, expected })
    if (keyword === 'additionalProperties') {
      const expected = expectedKey(schemaAt(schema, error.schemaPath))
      const pointers = params.additionalProperties.map(below)
      for (const pointer of pointers) unknownKeys.add(pointer)
      return pointers.map((pointer) => fault(pointer, expected))
    }
    if (keyword === 'required') {
      return params.requiredProperties.map((key) => fault(below(key), 'a value, it is missing'))
    }
    if (keyword === 'enum') {
      return [fault(instancePath, `one of ${params.allowedValues.join(', ')}`)]
    }
    const expected = schemaAt(schema, error.schemaPath)?.expected
    return [fault(instancePath, typeof expected === 'string' ? expected : withoutMust(message))]
  })
}

interface SchemaNode {
  readonly expected?: unknown
  readonly properties?: Readonly<Record<string, unknown>>
  readonly patternProperties?: Readonly<Record<string, unknown>>
}

function schemaAt(schema: TSchema, schemaPath: string): SchemaNode | undefined {
  let node: unknown = schema
  for (const step of pointerSteps(schemaPath)) {
    node = (node as Record<string, unknown> | undefined)?.[step]
  }
  return node as SchemaNode | undefined
}

/** The forms of keys that are routes or methods: only these schemas have words for what their patterns accept. */
const keyForms = [RoutePatternSetting(), WriteRouteSetting(), MethodOrRouteSetting()].map(
  (form: object) => form as { readonly pattern: string; readonly expected: string },
)

function expectedKey(node: SchemaNode | undefined): string {
  const [pattern] = Object.keys(node?.patternProperties ?? {})
  const form = keyForms.find((each) => each.pattern === pattern)
  return (
    form?.expected ?? `no such key; known here: ${Object.keys(node?.properties ?? {}).join(', ')}`
  )
}

function withoutMust(message: string): string {
  return message.replace(/^must be /, '').replace(/^must /, 'it to ')
}
