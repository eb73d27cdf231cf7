import { isObject } from '../syntax/is-object.ts'
import { escapePointer, pointerSteps } from '../syntax/json-pointer.ts'

/** Keywords with schemas for the same value as that of the schema that has them (JSON Schema 2020-12, core, section 10.2). */
const ofSameValue = ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas']

/** Where references are resolved from in a file that has no `$id`. */
const fileUri = 'schema:/'

interface SchemaNode {
  readonly pointer: string
  /** The URI that references of the schema are relative to. */
  readonly base: string
  readonly value: object
}

/**
 * The JSON Pointer to a schema that comes back to itself without going down into the value, so that checking a value never
 * ends (JSON Schema 2020-12, core, section 9.4.1); undefined if there is none.
 */
export function endlessReferenceIn(schema: unknown): string | undefined {
  const byUri = new Map<string, object>()
  const nodes = new Map<object, SchemaNode>()
  collect(schema, '', fileUri, { byUri, nodes })
  const ended = new Set<object>()
  const entered = new Set<object>()
  const findLoop = (node: SchemaNode): string | undefined => {
    if (entered.has(node.value)) return node.pointer
    if (ended.has(node.value)) return undefined
    entered.add(node.value)
    for (const next of nextOf(node, byUri)) {
      const reached = nodes.get(next)
      const loop = reached && findLoop(reached)
      if (loop !== undefined) return loop
    }
    entered.delete(node.value)
    ended.add(node.value)
    return undefined
  }
  for (const node of nodes.values()) {
    const loop = findLoop(node)
    if (loop !== undefined) return loop
  }
  return undefined
}

interface Collected {
  /** Schemas by the URIs and anchors that references can name. */
  readonly byUri: Map<string, object>
  readonly nodes: Map<object, SchemaNode>
}

function collect(value: unknown, pointer: string, outer: string, found: Collected): void {
  if (!isObject(value)) return
  const { $id, $anchor, $dynamicAnchor } = value
  const base = typeof $id === 'string' ? (URL.parse($id, outer)?.href ?? outer) : outer
  if (base !== outer || pointer === '') found.byUri.set(base, value)
  for (const name of [$anchor, $dynamicAnchor]) {
    if (typeof name === 'string') found.byUri.set(`${base}#${name}`, value)
  }
  found.nodes.set(value, { pointer, base, value })
  for (const [key, member] of Object.entries(value)) {
    collect(member, `${pointer}/${escapePointer(key)}`, base, found)
  }
}

/** The schemas that a value has to meet if it has to meet this one. */
function nextOf({ value, base }: SchemaNode, byUri: Collected['byUri']): object[] {
  const members = value as Readonly<Record<string, unknown>>
  const { $ref, $dynamicRef } = members
  const referred = [$ref, $dynamicRef].map((reference) =>
    typeof reference === 'string' ? resolveReference(reference, base, byUri) : undefined,
  )
  const applied = ofSameValue.flatMap((keyword) => {
    const inner = members[keyword]
    const isMany = Array.isArray(inner) || (keyword === 'dependentSchemas' && isObject(inner))
    return isMany ? Object.values(inner) : [inner]
  })
  return [...referred, ...applied].filter(isObject)
}

/** Undefined for what is not in the file; compiling the schema finds that out. */
function resolveReference(reference: string, base: string, byUri: Collected['byUri']): unknown {
  const uri = URL.parse(reference, base)
  if (uri === null) return undefined
  const fragment = decodeURIComponent(uri.hash.slice(1))
  uri.hash = ''
  if (fragment !== '' && !fragment.startsWith('/')) return byUri.get(`${uri.href}#${fragment}`)
  let value: unknown = byUri.get(uri.href)
  for (const step of pointerSteps(fragment)) value = isObject(value) ? value[step] : undefined
  return value
}
