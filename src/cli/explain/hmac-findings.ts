import { causeFindings } from './cause-findings.ts'
import type { ClientString } from './client-strings.ts'
import { clockOffset } from './clock-offset.ts'
import type { HmacCase } from './explain-hmac.ts'
import { finding } from './explanation.ts'
import type { FoundCause } from './find-cause.ts'
import { compareLines } from './line-comparison.ts'

/** Findings about a signature of scheme `body` or `canonical`: the cause, and the difference of the clocks. */
export function hmacFindings(
  hmacCase: HmacCase,
  computed: string | Buffer | undefined,
  found: FoundCause | undefined,
  client: ClientString | undefined,
): string[] {
  const { reason, request, missing } = hmacCase
  const isExplained = reason === undefined || request.presented === undefined
  const differenceOf = (string: ClientString) => difference(computed, string)
  const causes = isExplained ? [] : causeFindings({ found, client, missing, differenceOf })
  return [...causes, clockOf(hmacCase)]
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
