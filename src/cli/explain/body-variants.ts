import { parseJson } from '../../syntax/parse-json.ts'
import { sortMembers } from '../../syntax/value-key.ts'
import { finding } from './explanation.ts'
import { distinctVariants, type Variant } from './variant.ts'

const none = Buffer.alloc(0)

/** The bytes that a client may have signed instead of the body that it sent. */
export function bodyVariants(body: Buffer): Variant<Buffer>[] {
  const text = body.toString('utf8')
  const bytes = (changed: string) => Buffer.from(changed)
  return distinctVariants(body, [
    [bytes(`${text}\n`), 'signed the body with a line feed at its end, and sent it without'],
    [bytes(`${text}\r\n`), 'signed the body with CR LF at its end, and sent it without'],
    [bytes(text.replace(/\r?\n$/, '')), 'signed the body without the line feed at its end'],
    [bytes(text.trim()), 'signed the body trimmed'],
    [bytes(text.replaceAll('\r\n', '\n')), 'signed the body with LF in the place of CR LF'],
    [bytes(text.replace(/\r?\n/g, '\r\n')), 'signed the body with CR LF in the place of LF'],
    [none, 'signed an empty body: signed before the body was set'],
    [bytes(text.replace(/^\uFEFF/, '')), 'sent a byte order mark that it did not sign'],
    ...serializations(text).map(
      ([json, form]) =>
        [bytes(json), `signed the body serialized ${form}, and sent another`] as const,
    ),
  ])
}

/**
 * The cause of a digest that is not that of the body: what the client did to the body before, as far as that is known.
 * @param field the part of the request that has the digest, which is a `noun`
 * @param fits whether the digest is that of some bytes
 */
export function digestFinding(
  body: Buffer,
  [field, noun]: readonly [field: string, noun: string],
  fits: (bytes: Buffer) => boolean,
): string {
  const { cause } = bodyVariants(body).find(({ value }) => fits(value)) ?? {}
  return finding(
    'cause',
    cause === undefined
      ? `the body was changed in transit, or after its ${noun} was made`
      : `in ${field}, the client ${cause}`,
  )
}

/** The same JSON value as various common libraries serialize it. */
function serializations(text: string): [json: string, form: string][] {
  const value = parseJson(text)
  if (value === undefined) return []
  const compact = JSON.stringify(value)
  // Line feeds can only be between tokens, since they are escaped within strings.
  const python = JSON.stringify(value, null, 1)
    .replace(/([[{])\n */g, '$1')
    .replace(/\n *([\]}])/g, '$1')
    .replace(/\n */g, ' ')
  const sorted = JSON.stringify(value, sortMembers)
  return [
    [compact, 'without spaces (JSON.stringify)'],
    [escapeSlashes(compact), 'with escaped slashes (json_encode of PHP)'],
    [escapeNonAscii(escapeSlashes(compact)), 'with escaped slashes and \\u (json_encode of PHP)'],
    [escapeNonAscii(compact), 'with \\u escapes'],
    [python, 'with spaces (json.dumps of Python)'],
    [escapeNonAscii(python), 'with spaces and \\u escapes (json.dumps of Python)'],
    [sorted, 'with its keys sorted'],
    [JSON.stringify(value, null, 2), 'with an indent of two spaces'],
    [JSON.stringify(value, null, 4), 'with an indent of four spaces'],
    [escapeSlashes(JSON.stringify(value, null, 4)), 'with JSON_PRETTY_PRINT of PHP'],
  ]
}

function escapeSlashes(json: string): string {
  return json.replaceAll('/', String.raw`\/`)
}

function escapeNonAscii(json: string): string {
  return json.replace(
    /[^\0-\x7F]/g,
    (unit) => String.raw`\u` + unit.charCodeAt(0).toString(16).padStart(4, '0'),
  )
}
