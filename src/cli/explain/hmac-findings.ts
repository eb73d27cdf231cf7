import type { ClientString } from './client-strings.ts'
import { clockOffset } from './clock-offset.ts'
import type { HmacCase } from './explain-hmac.ts'
import { finding } from './explanation.ts'
import type { FoundCause } from './find-cause.ts'
import { compareLines } from './line-comparison.ts'

/** What is to be said of a signature of scheme `body` or `canonical`: the cause and the clock. */
export function hmacFindings(
  hmacCase: HmacCase,
  computed: string | Buffer | undefined,
  found: FoundCause | undefined,
  client: ClientString | undefined,
): string[] {
  const { reason, request } = hmacCase
  const isExplained = reason === undefined || request.presented === undefined
  const causes = isExplained
    ? []
    : found === undefined
      ? unfoundCause(hmacCase, computed, client)
      : foundCause(computed, found)
  return [...causes, clockOf(hmacCase)]
}

function foundCause(computed: string | Buffer | undefined, found: FoundCause): string[] {
  const key = finding('key', found.keyId)
  if (found.causes.length > 0) {
    return [...found.causes.map((cause) => finding('cause', `the client ${cause}`)), key]
  }
  const difference = differenceOf(computed, found.string)
  if (difference === undefined) {
    return [finding('cause', 'string and secret are right: the reason above is all there is'), key]
  }
  return [
    finding('cause', `${difference}: the client signed something else than it sent, or it was`),
    finding('', 'changed in transit'),
    key,
  ]
}

function unfoundCause(
  { missing }: HmacCase,
  computed: string | Buffer | undefined,
  client: ClientString | undefined,
): string[] {
  if (missing.length > 0) {
    return [
      finding('cause', 'not found: the record does not hold all that was signed. Give what the'),
      finding('', `client sends: ${missing.join(', ')}`),
    ]
  }
  if (client === undefined) {
    return [
      finding('cause', 'no usual mistake fits: a wrong secret, or the body or another part was'),
      finding('', 'changed in transit. With --client FILE, the string as the code of the client'),
      finding('', 'prints it, the first line that differs is shown.'),
    ]
  }
  const difference = differenceOf(computed, client)
  if (difference === undefined) {
    return [finding('cause', 'a wrong secret: the strings are equal, and no secret here fits')]
  }
  return [
    finding('cause', difference),
    finding('', "no secret here fits the client's string either: it is not the one that was"),
    finding('', 'signed, or the secret is wrong as well'),
  ]
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

function differenceOf(
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
