import { canonicalRequest } from '../../authenticate/canonical-request.ts'
import type { SharedSecret } from '../../authenticate/shared-secrets.ts'
import { redactTokenShapes } from '../../record/redaction/token-shapes.ts'
import { compareBodies, row } from './body-comparison.ts'
import { causeFindings } from './cause-findings.ts'
import { type ClientKey, clientKeys } from './client-keys.ts'
import { type ClientString, clientStrings, givenString } from './client-strings.ts'
import { clockOffset } from './clock-offset.ts'
import { finding, type SignatureFindings } from './explanation.ts'
import {
  type FoundCause,
  findCause,
  hexEncodings,
  hmacAttempt,
  rightSignatures,
} from './find-cause.ts'
import type { HmacRequest } from './hmac-request.ts'
import type { IntegrationToExplain } from './integration-to-explain.ts'
import { compareLines, showLines } from './line-comparison.ts'
import type { SchemeCase } from './scheme-case.ts'

/** The input for explaining a signature of scheme `body` or `canonical`. */
export interface HmacCase
  extends Pick<SchemeCase, 'reason' | 'atMs' | 'clientString'>,
    Pick<IntegrationToExplain, 'token' | 'foreignKeys'> {
  readonly scheme: 'body' | 'canonical'
  readonly secrets: readonly SharedSecret[]
  /** How far the client's time may differ from the gateway's in either direction; absent for scheme `body`. */
  readonly maxAgeMs?: number
  readonly request: HmacRequest
  /** Parts of the request that are not available, which may be why no cause can be found. */
  readonly missing: readonly string[]
}

/** Explains a signature of scheme `body` or `canonical`. */
export function explainHmac(hmacCase: HmacCase): SignatureFindings {
  const { scheme, secrets, request, reason, clientString, missing } = hmacCase
  const computed = scheme === 'canonical' ? canonicalStringOf(request) : request.body
  const hasLines = scheme === 'canonical'
  const client = clientString && givenString(clientString, computed ?? '', hasLines)
  const { presented } = request
  const isExplained = reason === undefined || presented === undefined
  const found = isExplained ? undefined : findIn(hmacCase, presented, client)
  const differenceOf = (string: ClientString) => difference(computed, string)
  const causes = isExplained ? [] : causeFindings({ found, client, missing, differenceOf })
  return {
    lines: [...comparisonOf(computed, found?.string ?? client), '', ...causes, clockOf(hmacCase)],
    unshown: rightSignatures(clientKeys(secrets), computed ?? ''),
  }
}

function canonicalStringOf(request: HmacRequest): string {
  const { body, bodySha256 } = request
  const text = canonicalRequest({ ...request, body: body ?? '' })
  return body === undefined ? text.slice(0, text.lastIndexOf('\n') + 1) + bodySha256 : text
}

function findIn(
  { scheme, request, reason, secrets, token, foreignKeys }: HmacCase,
  presented: string,
  client: ClientString | undefined,
): FoundCause | undefined {
  const strings = clientStrings(scheme, request)
  const by = (keys: readonly ClientKey[]) => hmacAttempt(presented, keys, hexEncodings)
  const own = by(clientKeys(secrets, token))
  const found = findCause(strings, own)
  const isTargetAnother = request.isTargetGiven && reason?.endsWith('does not verify')
  if (found?.causes.length === 0 && isTargetAnother) {
    return { ...found, causes: ['signed the path and query of --target, and others arrived'] }
  }
  return (
    found ??
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

const lineNames = [
  'the version',
  'X-Timestamp',
  'X-Nonce',
  'the method',
  'the path',
  'the query',
  'the digest of the body',
]

function difference(
  computed: string | Buffer | undefined,
  client: ClientString,
): string | undefined {
  if (typeof computed !== 'string') {
    return computed?.equals(Buffer.from(client.signed)) ? undefined : 'the body differs'
  }
  const { firstDifference } = compareLines(computed, client.signed.toString(), (line) => line)
  if (firstDifference === undefined) return undefined
  const name = lineNames[firstDifference] ?? 'beyond the last'
  return `line ${firstDifference + 1}, ${name}, differs`
}

function clockOf({ scheme, request, atMs, maxAgeMs = 0 }: HmacCase): string {
  if (scheme === 'body') return finding('clock', 'scheme body signs no time')
  const { timestamp } = request
  if (/^\d{13}$/.test(timestamp)) {
    return finding('clock', 'X-Timestamp is in milliseconds; it must be in seconds')
  }
  if (!/^\d{1,11}$/.test(timestamp)) return finding('clock', 'X-Timestamp is no number of seconds')
  return clockOffset(Number(timestamp), { atMs, behindMs: maxAgeMs, aheadMs: maxAgeMs })
}
