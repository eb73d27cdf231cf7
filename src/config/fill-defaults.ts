import { isObject } from '../syntax/is-object.ts'

interface SchemaNode {
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
}

/**
 * Fills in the defaults of a schema, including those within values that are defaults themselves. Unions are left alone,
 * so they have to be replaced with `narrowSchema` first.
 *
 * TypeBox's own Value.Default (1.4) is not used: if a record has a key that no pattern matches, it takes
 * `additionalProperties: false` for a schema and throws.
 */
export function fillDefaults(schema: SchemaNode, written: unknown): unknown {
  // The code below copies a default value; the schema's own object is never handed out.
  const value = written === undefined ? schema.default : written
  if (Array.isArray(value)) {
    const { items } = schema
    return items === undefined ? [...value] : value.map((item) => fillDefaults(items, item))
  }
  if (!isObject(value)) return value
  const [ofPattern] = Object.values(schema.patternProperties ?? {})
  const filled: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) {
    const below = schema.properties?.[key] ?? ofPattern
    const whole = below === undefined ? member : fillDefaults(below, member)
    if (key !== '__proto__') filled[key] = whole
    // An unknown key has to stay, so that it is refused.
    else Object.defineProperty(filled, key, { value: whole, enumerable: true })
  }
  for (const [key, below] of Object.entries(schema.properties ?? {})) {
    if (Object.hasOwn(filled, key)) continue
    const standard = fillDefaults(below, undefined)
    if (standard !== undefined) filled[key] = standard
  }
  return filled
}
