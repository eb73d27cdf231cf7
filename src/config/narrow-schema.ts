import { type TSchema, Type } from 'typebox'
import { memberOf } from './member-of.ts'

interface SchemaNode {
  readonly discriminator?: string
  readonly anyOf?: readonly { readonly properties: Readonly<Record<string, { const?: unknown }>> }[]
  readonly properties?: Readonly<Record<string, TSchema>>
}

/**
 * Puts in the place of every union the one member that the settings choose, so that a fault is told
 * in the words of that member and not of all. A union is marked with `discriminator`, the name of a
 * key with another constant in each member. Where that key chooses none, it alone is at fault.
 */
export function narrowSchema<Schema extends TSchema>(schema: Schema, value: unknown): Schema {
  return narrow(schema, value) as Schema
}

function narrow(schema: TSchema, value: unknown): TSchema {
  if (value === undefined) return schema
  const { discriminator, anyOf, properties } = schema as SchemaNode
  if (discriminator !== undefined && anyOf !== undefined) {
    const choice = memberOf(value, discriminator)
    const constants = anyOf.map((member) => member.properties[discriminator]?.const)
    const chosen = constants.indexOf(choice)
    if (chosen >= 0) return narrow(anyOf[chosen] as unknown as TSchema, value)
    return Type.Object({ [discriminator]: Type.Enum(constants as string[]) })
  }
  if (properties === undefined) return schema
  const narrowed: Record<string, TSchema> = {}
  let isSame = true
  for (const [key, below] of Object.entries(properties)) {
    const own = narrow(below, memberOf(value, key))
    isSame &&= own === below
    narrowed[key] = own
  }
  return isSame ? schema : withProperties(schema, narrowed)
}

/** A copy; TypeBox keeps what it knows of a schema in properties that a spread would lose. */
function withProperties(schema: TSchema, properties: object): TSchema {
  const copy = Object.defineProperties({}, Object.getOwnPropertyDescriptors(schema))
  return Object.defineProperty(copy, 'properties', { value: properties, enumerable: true })
}
