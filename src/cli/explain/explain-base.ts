import { causeFindings } from './cause-findings.ts'
import { type ClientString, givenString } from './client-strings.ts'
import { type Attempt, findCause } from './find-cause.ts'
import { compareLines, type ShowLine, showLines } from './line-comparison.ts'
import type { SchemeCase } from './scheme-case.ts'

/** A signature over a base string, of scheme `rfc9421` or `oauth1`. */
export interface BaseCase extends Pick<SchemeCase, 'clientString'> {
  /** The base string as the gateway computes it. */
  readonly computed: string
  /** What the client may have signed, the gateway's own first. */
  readonly strings: readonly ClientString[]
  readonly attempt: Attempt
  /** Divides a base string into the lines in which it is shown. */
  readonly toLines: (base: string) => string
  readonly show: ShowLine
  readonly isVerified: boolean
}

/** Compares the gateway's base string with the client's and finds the cause of the difference. */
export function explainBase(baseCase: BaseCase): string[] {
  const { computed, strings, attempt, toLines, show, isVerified, clientString } = baseCase
  const client = clientString && givenString(clientString, computed, true)
  const found = isVerified
    ? undefined
    : (findCause(strings, attempt) ?? findCause(client ? [client] : [], attempt))
  const ours = toLines(computed)
  const compare = ({ signed }: ClientString) => compareLines(ours, toLines(`${signed}`), show)
  const differenceOf = (string: ClientString) => {
    const { firstDifference } = compare(string)
    return firstDifference === undefined ? undefined : `line ${firstDifference + 1} differs`
  }
  const shown = found?.string ?? client
  const lines = shown === undefined ? showLines(ours, show) : compare(shown).text
  if (isVerified) return [...lines, '']
  return [...lines, '', ...causeFindings({ found, client, missing: [], differenceOf })]
}
