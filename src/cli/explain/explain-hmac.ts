import { canonicalRequest } from '../../authenticate/canonical-request.ts'
import type { SharedSecret } from '../../authenticate/shared-secrets.ts'
import { redactTokenShapes } from '../../record/token-shapes.ts'
import { compareBodies, row } from './body-comparison.ts'
import { type ClientKey, clientKeys } from './client-keys.ts'
import { type ClientString, clientStrings, givenString } from './client-strings.ts'
import type { Explanation } from './explanation.ts'
import {
  type FoundCause,
  findCause,
  hexEncodings,
  hmacAttempt,
  rightSignatures,
} from './find-cause.ts'
import { hmacFindings } from './hmac-findings.ts'
import type { HmacRequest } from './hmac-request.ts'
import { compareLines, showLines } from './line-comparison.ts'

/** The input for explaining a signature of scheme `body` or `canonical`. */
export interface HmacCase {
  readonly scheme: 'body' | 'canonical'
  readonly secrets: readonly SharedSecret[]
  /** How far the client's time may differ from the gateway's in either direction; absent for scheme `body`. */
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
  /** Parts of the request that are not available, which may be why no cause can be found. */
  readonly missing: readonly string[]
}

/** Explains a signature of scheme `body` or `canonical`. */
export function explainHmac(hmacCase: HmacCase): Explanation {
  const { scheme, secrets, request, reason, clientString } = hmacCase
  const computed = scheme === 'canonical' ? canonicalStringOf(request) : request.body
  const hasLines = scheme === 'canonical'
  const client = clientString && givenString(clientString, computed ?? '', hasLines)
  const found = reason === undefined ? undefined : findIn(hmacCase, client)
  return {
    isVerified: reason === undefined,
    lines: [
      ...comparisonOf(computed, found?.string ?? client),
      '',
      ...hmacFindings(hmacCase, computed, found, client),
    ],
    unshown: rightSignatures(clientKeys(secrets), computed ?? ''),
  }
}

function canonicalStringOf(request: HmacRequest): string {
  const { body, bodySha256 } = request
  const text = canonicalRequest({ ...request, body: body ?? '' })
  return body === undefined ? text.replace(/[^\n]*$/, bodySha256) : text
}

function findIn(hmacCase: HmacCase, client: ClientString | undefined): FoundCause | undefined {
  const { scheme, request, secrets, token, foreignKeys } = hmacCase
  if (request.presented === undefined) return undefined
  const strings = clientStrings(scheme, request)
  const by = (keys: readonly ClientKey[]) =>
    hmacAttempt(request.presented ?? '', keys, hexEncodings)
  const own = by(clientKeys(secrets, token))
  return (
    findCause(strings, own) ??
    findCause(strings.slice(0, 1), by(foreignKeys)) ??
    findCause(client ? [client] : [], own)
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

/** Path and query contain what a caller chose. The form of the other lines leaves no room for secrets. */
function showLine(line: string, index: number): string {
  const isNonceOrDigest = index === 2 || /^[0-9a-f]{64}$/i.test(line)
  return isNonceOrDigest ? line : redactTokenShapes(line)
}
