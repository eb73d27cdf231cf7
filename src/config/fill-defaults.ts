interface SchemaNode {
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
}

/**
 * Settings with the defaults of their schema, also within what is there by default. Unions have none
 * of their own: `narrowSchema` comes first.
 *
 * Value.Default of TypeBox (1.4) is not used: where a record has a key that no pattern matches, it
 * takes `additionalProperties: false` for a schema, and throws.
 */
export function fillDefaults(schema: SchemaNode, written: unknown): unknown {
  // A default is copied on the way, never handed out itself.
  const value = written === undefined ? schema.default : written
  if (Array.isArray(value)) {
    const { items } = schema
    return items === undefined ? [...value] : value.map((item) => fillDefaults(items, item))
  }
  if (typeof value !== 'object' || value === null) return value
  const [ofPattern] = Object.values(schema.patternProperties ?? {})
  const filled: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) {
    const below = schema.properties?.[key] ?? ofPattern
    const whole = below === undefined ? member : fillDefaults(below, member)
    if (key !== '__proto__') filled[key] = whole
    // Has to be there to be refused.
    else Object.defineProperty(filled, key, { value: whole, enumerable: true })
  }
  for (const [key, below] of Object.entries(schema.properties ?? {})) {
    if (Object.hasOwn(filled, key)) continue
    const standard = fillDefaults(below, undefined)
    if (standard !== undefined) filled[key] = standard
  }
  return filled
}
