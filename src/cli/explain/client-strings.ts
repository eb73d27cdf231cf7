import { hash } from 'node:crypto'
import { bodyVariants } from './body-variants.ts'
import type { HmacRequest } from './hmac-request.ts'
import { pathVariants, queryVariants } from './target-variants.ts'
import { combinations, distinctVariants, mostChanges, type Variant } from './variant.ts'

/** A string that a client may have signed, and what it would have done differently from the gateway. */
export interface ClientString {
  readonly signed: string | Buffer
  /** Empty for the string that the gateway computes. */
  readonly causes: readonly string[]
  /** Whether it has the lines of the scheme, so that it can be compared with the gateway's line by line. */
  readonly hasLines: boolean
}

/** The string as printed by the client's own code, without the line feed that printing usually adds. */
export function givenString(
  content: Buffer,
  computed: string | Buffer,
  hasLines: boolean,
): ClientString {
  const endsAlike = Buffer.from(computed).at(-1) === 0x0a
  const signed = content.at(-1) === 0x0a && !endsAlike ? content.subarray(0, -1) : content
  return { signed, causes: [], hasLines }
}

/** The strings that a client may have signed, the gateway's own first. */
export function clientStrings(scheme: 'body' | 'canonical', request: HmacRequest): ClientString[] {
  if (scheme === 'canonical') {
    const alone = 'signed the body alone, as scheme body has it'
    return [...canonicalStrings(request), ...bodyStrings(request, [alone])]
  }
  const { timestamp, nonce } = request
  if (timestamp === '' || nonce === '') return bodyStrings(request, [])
  const whole = canonicalStrings(request).map((each) => ({
    ...each,
    causes: ['signed the string of scheme canonical, and not the body', ...each.causes],
    hasLines: false,
  }))
  return [...bodyStrings(request, []), ...whole]
}

function bodyStrings(request: HmacRequest, causes: readonly string[]): ClientString[] {
  return signedBodies(request).map(({ value, cause }) => ({
    signed: value,
    causes: cause === undefined ? causes : [...causes, cause],
    hasLines: false,
  }))
}

interface CanonicalParts {
  readonly timestamp: string
  readonly method: string
  readonly path: string
  readonly query: string
  readonly digest: string
  readonly join: (lines: readonly string[]) => string
}

function canonicalStrings(request: HmacRequest): ClientString[] {
  const { timestamp, nonce, method, path, query } = request
  const found = combinations<CanonicalParts>(
    {
      timestamp: distinctVariants(timestamp, [
        [`${timestamp}000`, 'signed the time in milliseconds, and sent it in seconds'],
      ]),
      method: distinctVariants(method, [
        [method.toLowerCase(), 'signed the method in lower case'],
        ['GET', 'signed the method GET'],
        ['POST', 'signed the method POST'],
      ]),
      path: pathVariants(path, query),
      query: queryVariants(query),
      digest: digestVariants(request),
      join: joins,
    },
    mostChanges,
  )
  return found.map(({ parts, causes }) => ({
    signed: parts.join([
      'magegate-v1',
      parts.timestamp,
      nonce,
      parts.method,
      parts.path,
      parts.query,
      parts.digest,
    ]),
    causes,
    hasLines: true,
  }))
}

const changedInTransit = 'signed the body that it says it sent, and another arrived'

function signedBodies({ body, sentBody }: HmacRequest): Variant<Buffer>[] {
  if (body !== undefined) return bodyVariants(body)
  return sentBody === undefined ? [] : [{ value: sentBody, cause: changedInTransit }]
}

function digestVariants(request: HmacRequest): Variant<string>[] {
  const { bodySha256 } = request
  return distinctVariants(bodySha256, [
    ...signedBodies(request).map(
      ({ value, cause = '' }) => [hash('sha256', value), cause] as const,
    ),
    [hash('sha256', ''), 'signed the digest of an empty body'],
    [bodySha256.toUpperCase(), 'signed the digest of the body in capitals'],
    [
      Buffer.from(bodySha256, 'hex').toString('base64'),
      'signed the digest of the body in base64, and not in hex',
    ],
    ['', 'signed an empty line in the place of the digest of the body'],
  ])
}

const joins: readonly Variant<CanonicalParts['join']>[] = [
  { value: (lines) => lines.join('\n') },
  { value: (lines) => `${lines.join('\n')}\n`, cause: 'signed a line feed after the last line' },
  { value: (lines) => lines.join('\r\n'), cause: 'joined the lines by CR LF' },
  {
    value: (lines) => lines.join(String.raw`\n`),
    cause: String.raw`joined the lines by a backslash and an n (\n within single quotes)`,
  },
  { value: (lines) => lines.join(''), cause: 'joined the lines by nothing' },
  { value: (lines) => lines.slice(1).join('\n'), cause: 'left out the first line, magegate-v1' },
  {
    value: (lines) => lines.filter((line) => line !== '').join('\n'),
    cause: 'left out the empty line of a request without a query',
  },
]
