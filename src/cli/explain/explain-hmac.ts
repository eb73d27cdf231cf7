import { createHmac } from 'node:crypto'
import { canonicalRequest } from '../../authenticate/canonical-request.ts'
import type { SharedSecret } from '../../authenticate/shared-secrets.ts'
import { redactTokenShapes } from '../../record/redaction.ts'
import { compareBodies, row } from './body-comparison.ts'
import { type ClientKey, clientKeys } from './client-keys.ts'
import { type ClientString, clientStrings } from './client-strings.ts'
import type { Explanation } from './explanation.ts'
import { type FoundCause, findCause } from './find-cause.ts'
import { hmacFindings } from './hmac-findings.ts'
import type { HmacRequest } from './hmac-request.ts'
import { compareLines, showLines } from './line-comparison.ts'

/** What a signature of scheme `body` or `canonical` is explained from. */
export interface HmacCase {
  readonly scheme: 'body' | 'canonical'
  readonly secrets: readonly SharedSecret[]
  /** How far the client's time may be from the gateway's, either way; scheme `body` has none. */
  readonly maxAgeMs?: number
  readonly token: string | undefined
  /** Secrets of other integrations, which the client may have taken by mistake. */
  readonly foreignKeys: readonly ClientKey[]
  readonly request: HmacRequest
  /** Why the gateway refuses the signature; undefined when it verifies. */
  readonly reason: string | undefined
  /** When the gateway verifies, milliseconds since the epoch. */
  readonly atMs: number
  /** The string as the client's own code prints it. */
  readonly clientString: Buffer | undefined
  /** Parts of the request that are not at hand, so that no cause may be found. */
  readonly missing: readonly string[]
}

/** Explains a signature of scheme `body` or `canonical`. */
export function explainHmac(hmacCase: HmacCase): Explanation {
  const { scheme, secrets, request, reason, clientString } = hmacCase
  const computed = scheme === 'canonical' ? canonicalStringOf(request) : request.body
  const client = clientString && fileString(scheme, clientString, computed)
  const found = reason === undefined ? undefined : findIn(hmacCase, client)
  return {
    isVerified: reason === undefined,
    lines: [
      ...comparisonOf(computed, found?.string ?? client),
      '',
      ...hmacFindings(hmacCase, computed, found, client),
    ],
    unshown: secrets.flatMap(({ value }) => {
      const right = createHmac('sha256', value.reveal())
        .update(computed ?? '')
        .digest()
      return [right.toString('hex'), right.toString('base64'), right.toString('base64url')]
    }),
  }
}

function canonicalStringOf(request: HmacRequest): string {
  const { body, bodySha256 } = request
  const text = canonicalRequest({ ...request, body: body ?? '' })
  return body === undefined ? text.replace(/[^\n]*$/, bodySha256) : text
}

/** Whoever prints a string ends it with a line feed, most often, that is not a part of it. */
function fileString(
  scheme: HmacCase['scheme'],
  content: Buffer,
  computed: string | Buffer | undefined,
): ClientString {
  const endsAlike = Buffer.from(computed ?? '').at(-1) === 0x0a
  const signed = content.at(-1) === 0x0a && !endsAlike ? content.subarray(0, -1) : content
  return { signed, causes: [], hasLines: scheme === 'canonical' }
}

function findIn(hmacCase: HmacCase, client: ClientString | undefined): FoundCause | undefined {
  const { scheme, request, secrets, token, foreignKeys } = hmacCase
  if (request.presented === undefined) return undefined
  const strings = clientStrings(scheme, request)
  const keys = clientKeys(secrets, token)
  return (
    findCause(request.presented, strings, keys) ??
    findCause(request.presented, strings.slice(0, 1), foreignKeys) ??
    findCause(request.presented, client ? [client] : [], keys)
  )
}

function comparisonOf(
  computed: string | Buffer | undefined,
  client: ClientString | undefined,
): readonly string[] {
  if (computed === undefined) return []
  if (typeof computed === 'string') {
    if (!client?.hasLines) return showLines(computed, showLine)
    return compareLines(computed, client.signed.toString(), showLine).text
  }
  if (client === undefined) return [row('gateway', computed)]
  return compareBodies(computed, Buffer.from(client.signed))
}

/** Path and query hold what a caller chose; the other lines are what their form lets them be. */
function showLine(line: string, index: number): string {
  const isNonceOrDigest = index === 2 || /^[0-9a-f]{64}$/i.test(line)
  return isNonceOrDigest ? line : redactTokenShapes(line)
}
