import type { Violation } from '../../problem.ts'
import { escapePointer } from '../../syntax/json-pointer.ts'

/** How many violations an answer lists at most. */
const maxViolations = 20

/** What is found while a value is walked. */
export interface Findings {
  /** Steps from the whole value to the one that is looked at. */
  readonly path: (string | number)[]
  readonly violations: Violation[]
}

/** Looks at one value, and notes what is wrong with it. */
export type ValueCheck = (value: unknown, findings: Findings) => void

/** Notes that the value which is looked at is not as expected. */
export function note({ path, violations }: Findings, expected: string): void {
  if (violations.length === maxViolations) return
  const steps = path.map((step) => `/${escapePointer(String(step))}`)
  violations.push({ pointer: steps.join(''), expected })
}

/** Looks at a member of the value that is looked at. */
export function descend(
  step: string | number,
  value: unknown,
  check: ValueCheck,
  findings: Findings,
): void {
  findings.path.push(step)
  check(value, findings)
  findings.path.pop()
}

/** Lists what is wrong with a value; empty when nothing is. */
export function findViolations(value: unknown, check: ValueCheck): readonly Violation[] {
  const findings: Findings = { path: [], violations: [] }
  check(value, findings)
  return findings.violations
}
