import { maxViolations, type Violation } from '../../problem.ts'
import { escapePointer } from '../../syntax/json-pointer.ts'

/** Collects violations while a value is walked. */
export interface Findings {
  /** The steps from the whole value to the one that is being checked. */
  readonly path: (string | number)[]
  readonly violations: Violation[]
}

/** Checks one value and notes what is wrong with it. */
export type ValueCheck = (value: unknown, findings: Findings) => void

/** Notes that the value being checked is not as expected. */
export function note({ path, violations }: Findings, expected: string): void {
  if (violations.length === maxViolations) return
  const steps = path.map((step) => `/${escapePointer(String(step))}`)
  violations.push({ pointer: steps.join(''), expected })
}

/** Checks a member of the value being checked. */
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

/** Lists what is wrong with a value; the list is empty when nothing is. */
export function findViolations(value: unknown, check: ValueCheck): readonly Violation[] {
  const findings: Findings = { path: [], violations: [] }
  check(value, findings)
  return findings.violations
}
