import { withPlainNames } from '../authorize/plain-names.ts'
import { redacted } from '../contract/secret.ts'
import type { IsCredentialName } from './credential-names.ts'
import type { Redact } from './known-secrets.ts'
import { redactTokenShapes } from './token-shapes.ts'

/** Shows a body in a record: redacted, and cut to so many characters. */
export type ShowBody = (body: Buffer, maxLength: number) => string

/**
 * Compiles how bodies are shown: of JSON everything but the values of members whose names are those of
 * credentials, at any depth, also where name and value are members of their own as in Magento's custom
 * attributes, and where JSON is within a text. Of any other body nothing but its length is shown.
 */
export function compileBodyRedaction(isCredential: IsCredentialName, redact: Redact): ShowBody {
  function redactValue(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return redactText(value, depth)
    if (typeof value !== 'object' || value === null) return value
    if (depth === 0) return redacted
    if (Array.isArray(value)) return value.map((each) => redactValue(each, depth - 1))
    const members = Object.entries(value)
    const isNamed = members.some(
      ([name, member]) =>
        nameMembers.has(name.toLowerCase()) && typeof member === 'string' && isCredential(member),
    )
    return Object.fromEntries(
      members.map(([name, member]) => {
        const isHidden = isCredential(name) || (isNamed && /^values?$/i.test(name))
        return [name, isHidden ? redacted : redactValue(member, depth - 1)]
      }),
    )
  }

  function redactText(text: string, depth: number): string {
    const inner = /^\s*[[{]/.test(text) ? parse(text) : undefined
    if (inner === undefined) return redactTokenShapes(text)
    return inner === unclear ? redacted : JSON.stringify(redactValue(inner, depth - 1))
  }

  return (body, maxLength) => {
    const parsed = parse(body.toString('utf8'))
    if (parsed === undefined || parsed === unclear) return `[${body.length} bytes]`
    const shown = redact(JSON.stringify(redactValue(parsed, maxDepth)))
    return shown.length <= maxLength ? shown : `${shown.slice(0, maxLength)}…`
  }
}

/** Members that give the name of what a member `value` holds. */
const nameMembers = new Set(['attribute_code', 'attributecode', 'code', 'field', 'key', 'name'])

const maxDepth = 100

/** JSON with a name that Node may read as another one. */
const unclear = Symbol('unclear')

/** An object or array, or a scalar; undefined where it is no JSON. */
function parse(text: string): unknown {
  try {
    const plain = withPlainNames(text)
    const value: unknown = JSON.parse(plain ?? text)
    return plain === undefined ? unclear : value
  } catch {
    return undefined
  }
}
