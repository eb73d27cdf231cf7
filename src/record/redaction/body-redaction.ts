import { redacted } from '../../contract/secret.ts'
import { isSlowToParse } from '../../syntax/json-structure.ts'
import { withPlainNames } from '../../syntax/plain-names.ts'
import type { IsCredentialName } from './credential-names.ts'
import type { Redact } from './known-secrets.ts'
import { redactTokenShapes } from './token-shapes.ts'

/** Renders a body for a record: redacted, and cut to at most `maxLength` characters. */
export type ShowBody = (body: Buffer, maxLength: number) => string

/**
 * Compiles the rendering of bodies. JSON is shown without the values of members that have the name of a credential, at
 * any depth. This includes members of JSON within a string, and objects that hold name and value separately, such as
 * Magento's custom attributes. Of any other body, and of one of more than a mebibyte, only the length is shown.
 */
export function compileBodyRedaction(isCredential: IsCredentialName, redact: Redact): ShowBody {
  function redactValue(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return redactText(value, depth)
    if (typeof value !== 'object' || value === null) return value
    // JSON within a string, which is one level deeper, can begin at the last level.
    if (depth <= 0) return redacted
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
    // As a part of the outer text, escapes of the inner one would hide what follows them.
    return inner === unclear ? redacted : redact(JSON.stringify(redactValue(inner, depth - 1)))
  }

  return (body, maxLength) => {
    const parsed = body.length > longestShown ? undefined : parse(body.toString('utf8'))
    if (parsed === undefined || parsed === unclear) return `[${body.length} bytes]`
    const shown = redact(JSON.stringify(redactValue(parsed, maxDepth)))
    // The cut may leave half of a surrogate pair, and strict readers of JSON refuse a record with that.
    return shown.length <= maxLength ? shown : `${shown.slice(0, maxLength).toWellFormed()}…`
  }
}

/**
 * To redact a body takes much longer than to check it, and nothing else is done meanwhile: seconds for one of 64 MiB. To
 * redact only its beginning would show a part of what its end would hide. Bytes.
 */
const longestShown = 1_048_576

/** Members that contain the name of the value that a sibling called `value` holds. */
const nameMembers = new Set(['attribute_code', 'attributecode', 'code', 'field', 'key', 'name'])

const maxDepth = 100

/** Stands for JSON with a member name that Node may misread (see {@link withPlainNames}), or that is far too deep. */
const unclear = Symbol('unclear')

/** Parses JSON; undefined if the text is not valid JSON. */
function parse(text: string): unknown {
  if (isSlowToParse(text, maxDepth)) return unclear
  try {
    const plain = withPlainNames(text)
    const value: unknown = JSON.parse(plain ?? text)
    return plain === undefined ? unclear : value
  } catch {
    return undefined
  }
}
