import type { Static, TSchema } from 'typebox'
import { Compile, Errors } from 'typebox/schema'
import { Settings as TypeboxSettings } from 'typebox/system'
import { onceFor } from '../contract/once-for.ts'
import {
  MethodOrRouteSetting,
  RoutePatternSetting,
  WriteRouteSetting,
} from '../contract/route-pattern.ts'
import { escapePointer, pointerSteps } from '../syntax/json-pointer.ts'
import type { RuleFault } from './faults.ts'
import { fillDefaults } from './fill-defaults.ts'
import { narrowSchema } from './narrow-schema.ts'

/** A fault that the schema of settings tells. */
export interface SchemaFault extends RuleFault {
  /** Whether no setting has the key. */
  readonly isUnknownKey?: true
  /** Whether the setting is not there. */
  readonly isMissing?: true
}

/** Settings with defaults filled in, and their faults. */
export interface CheckedSettings<Settings extends TSchema> {
  /** Has the type of the schema only if `faults` is empty. */
  readonly value: Static<Settings>
  /** The schema with each union replaced by the member that the settings choose. */
  readonly narrowed: TSchema
  readonly faults: readonly SchemaFault[]
}

const validatorOf = onceFor((schema: TSchema) => Compile(schema))

/** Fills in defaults and checks settings against their schema. It finds every fault, not just the first. */
export function checkSettings<Settings extends TSchema>(
  schema: Settings,
  written: unknown,
): CheckedSettings<Settings> {
  const narrowed = narrowSchema(schema, written)
  const value = fillDefaults(narrowed, written ?? {}) as Static<Settings>
  // Listing faults takes ten times as long as finding out that there are none.
  const faults = validatorOf(schema).Check(value) ? [] : faultsOf(narrowed, value)
  return { value, narrowed, faults }
}

// TypeBox stops at 8; a list of routes alone can have more wrong ones, each with an error for every alternative.
const mostErrors = 10_000

function faultsOf(schema: TSchema, value: unknown): SchemaFault[] {
  TypeboxSettings.Set({ maxErrors: mostErrors })
  const [, errors] = Errors(schema, value)
  // The errors of each alternative are less helpful than what was expected as a whole.
  const described = errors
    .filter(
      ({ keyword, schemaPath }) => keyword === 'anyOf' && schemaAt(schema, schemaPath)?.expected,
    )
    .map(({ schemaPath }) => `${schemaPath}/anyOf/`)
  return errors.flatMap((error): SchemaFault[] => {
    if (described.some((path) => error.schemaPath.startsWith(path))) return []
    const { keyword, instancePath, params, message } = error
    if (keyword === 'boolean') return []
    const below = (key: string) => `${instancePath}/${escapePointer(key)}`
    const fault = (pointer: string, expected: string): SchemaFault => ({ pointer, expected })
    if (keyword === 'additionalProperties') {
      const expected = expectedKey(schemaAt(schema, error.schemaPath))
      return params.additionalProperties.map((key) => ({
        ...fault(below(key), expected),
        isUnknownKey: true,
      }))
    }
    if (keyword === 'required') {
      return params.requiredProperties.map((key) => ({
        ...fault(below(key), 'a value, it is missing'),
        isMissing: true,
      }))
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
