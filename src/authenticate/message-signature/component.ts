import type { BareItem, Item } from 'structured-headers'
import { serializeMember } from './structured-field.ts'

/** A component that a signature covers (RFC 9421, section 2). */
export interface Component {
  /** A field name in lower case, or the name of a derived component with its `@`. */
  readonly name: string
  /** The name with its parameters, serialized as it stands before the colon in the signature base. */
  readonly identifier: string
  /** How the value of a field is represented (RFC 9421, sections 2.1.1 to 2.1.3). */
  readonly form: 'plain' | 'sf' | 'bs' | 'key'
  /** With form `key`, the member of the dictionary; with `@query-param`, the parameter. */
  readonly member: string | undefined
}

const always = ['@method', '@authority', '@path', '@query']
const withBody = [...always, 'content-digest', 'content-type']

/** The names of the components that this gateway requires a signature to cover. */
export function requiredComponents(body: Uint8Array | undefined): readonly string[] {
  return body === undefined || body.length === 0 ? always : withBody
}

/** The derived components of a request (RFC 9421, section 2.2). */
const derivedComponents = new Set([
  '@method',
  '@target-uri',
  '@authority',
  '@scheme',
  '@request-target',
  '@path',
  '@query',
  '@query-param',
])

// RFC 9110, section 5.6.2; upper case is excluded by RFC 9421, section 2.1.
const fieldName = /^[a-z0-9!#$%&'*+\-.^_`|~]+$/

/** Reads one component identifier of a list of covered components. */
function readComponent(item: Item): Component | { readonly reason: string } {
  const [name, parameters] = item
  if (typeof name !== 'string') return { reason: 'a covered component is not a string' }
  const isDerived = derivedComponents.has(name)
  if (!isDerived && !fieldName.test(name)) return { reason: 'a covered component is unknown' }
  const identifier = parameters.size === 0 ? `"${name}"` : serializeMember(item)
  const isParameter = name === '@query-param'
  if (parameters.size === 0) {
    if (isParameter) return { reason: '@query-param is covered without a name' }
    return { name, identifier, form: 'plain', member: undefined }
  }
  // No two of the parameters defined for requests can be combined, so only a single one is valid.
  const [[key, value]] = parameters as unknown as [[string, BareItem]]
  if (parameters.size === 1) {
    if (isParameter) {
      if (key === 'name' && typeof value === 'string') {
        return { name, identifier, form: 'plain', member: value }
      }
    } else if (!isDerived) {
      if ((key === 'sf' || key === 'bs') && value === true) {
        return { name, identifier, form: key, member: undefined }
      }
      if (key === 'key' && typeof value === 'string') {
        return { name, identifier, form: 'key', member: value }
      }
    }
  }
  return { reason: 'a covered component has a parameter that it cannot have' }
}

/**
 * Reads a list of covered components.
 * @returns a reason if one cannot be read or is listed twice (RFC 9421, section 2.5)
 */
export function readComponents(
  items: readonly Item[],
): readonly Component[] | { readonly reason: string } {
  const components: Component[] = []
  const seen = new Set<string>()
  for (const item of items) {
    const component = readComponent(item)
    if ('reason' in component) return component
    if (seen.has(component.identifier)) return { reason: 'a covered component occurs twice' }
    seen.add(component.identifier)
    components.push(component)
  }
  return components
}
