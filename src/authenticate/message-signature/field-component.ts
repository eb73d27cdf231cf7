import { allValues, trimFieldSpace } from '../../syntax/headers.ts'
import type { Component } from './component.ts'
import {
  type FieldType,
  parseStrictDictionary,
  reserialize,
  serializeMember,
} from './structured-field.ts'

/** The types of structured fields by lower-case name. A type cannot be told from the text of a field. */
export type FieldTypes = ReadonlyMap<string, FieldType>

/** The structured fields of requests that are worth signing (IANA field name registry). */
export const knownFieldTypes: FieldTypes = new Map([
  ['accept-signature', 'dictionary'],
  ['client-cert', 'item'],
  ['client-cert-chain', 'list'],
  ['content-digest', 'dictionary'],
  ['priority', 'dictionary'],
  ['repr-digest', 'dictionary'],
  ['signature', 'dictionary'],
  ['signature-input', 'dictionary'],
  ['want-content-digest', 'dictionary'],
  ['want-repr-digest', 'dictionary'],
])

/** RFC 9110, section 5.5, without obs-text: the signature base is ASCII. */
export const asciiFieldContent = /^[\t\x20-\x7e]*$/

/**
 * The value of a field in the signature base (RFC 9421, section 2.1).
 * @param headers names and values in turn, as received
 */
export function fieldValue(
  component: Component,
  headers: readonly string[],
  types: FieldTypes,
): string | { readonly reason: string } {
  const { name, form, member } = component
  const lines = allValues(headers, name)
  if (lines.length === 0) return { reason: `the covered header ${name} is missing` }
  if (form === 'bs') return lines.map((line) => wrap(canonicalLine(line))).join(', ')
  const text =
    lines.length === 1 ? canonicalLine(lines[0] ?? '') : lines.map(canonicalLine).join(', ')
  if (!asciiFieldContent.test(text)) return { reason: `the covered header ${name} is not ASCII` }
  if (form === 'plain') return text
  const type = types.get(name)
  if (form === 'sf') {
    const value = type === undefined ? undefined : reserialize(text, type)
    return value ?? { reason: `the covered header ${name} is not a known structured field` }
  }
  const isDictionary = type === undefined || type === 'dictionary'
  const value = isDictionary ? parseStrictDictionary(text)?.get(member ?? '') : undefined
  if (value === undefined) return { reason: `the covered header ${name} lacks the member` }
  return serializeMember(value)
}

// RFC 9421, section 2.1.3. Node's field values have one character per byte.
function wrap(line: string): string {
  return `:${Buffer.from(line, 'latin1').toString('base64')}:`
}

/** One field line without surrounding white space and without obsolete line folding. */
function canonicalLine(line: string): string {
  if (!line.includes('\r\n')) return trimFieldSpace(line)
  const [first = '', ...folded] = line.split('\r\n')
  // A line break that is no obs-fold (RFC 9112, section 5.2) is left in, and the caller refuses the field for it.
  if (folded.some((part) => !/^[ \t]/.test(part))) return line
  return [first, ...folded].map(trimFieldSpace).join(' ').trim()
}
