import { type TSchema, Type } from 'typebox'
import { memberOf } from './member-of.ts'

interface SchemaNode {
  readonly discriminator?: string
  readonly anyOf?: readonly { readonly properties: Readonly<Record<string, { const?: unknown }>> }[]
  readonly properties?: Readonly<Record<string, TSchema>>
}

/**
 * Replaces every union of a schema by the member that the settings choose, so that faults are described in terms of that
 * member rather than of all of them. A union has a `discriminator`: the name of a key that has a different constant in
 * each member. If the settings choose no member, only that key is reported as a fault.
 */
export function narrowSchema(schema: TSchema, value: unknown): TSchema {
  if (value === undefined) return schema
  const { discriminator, anyOf, properties } = schema as SchemaNode
  if (discriminator !== undefined && anyOf !== undefined) {
    const choice = memberOf(value, discriminator)
    const constants = anyOf.map((member) => member.properties[discriminator]?.const)
    const chosen = constants.indexOf(choice)
    if (chosen >= 0) return narrowSchema(anyOf[chosen] as unknown as TSchema, value)
    return Type.Object({ [discriminator]: Type.Enum(constants as string[]) })
  }
  if (properties === undefined) return schema
  const narrowed: Record<string, TSchema> = {}
  let isSame = true
  for (const [key, below] of Object.entries(properties)) {
    const own = narrowSchema(below, memberOf(value, key))
    isSame &&= own === below
    narrowed[key] = own
  }
  return isSame ? schema : withProperties(schema, narrowed)
}

/** Copies a schema with other properties. TypeBox keeps data in non-enumerable properties, which a spread would lose. */
function withProperties(schema: TSchema, properties: object): TSchema {
  const copy = Object.defineProperties({}, Object.getOwnPropertyDescriptors(schema))
  return Object.defineProperty(copy, 'properties', { value: properties, enumerable: true })
}
