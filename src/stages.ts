import { allow, type Check, type Verdict } from './policy.ts'
import type { RequestContext } from './request-context.ts'

/** A check with the name of its step or policy, which the audit record and metrics show. */
export interface NamedCheck {
  readonly name: string
  readonly check: Check
}

/** The verdict of a list of checks, and for a refusal the name of the one that refused. */
export interface StageResult {
  readonly verdict: Verdict
  readonly policy?: string
}

const passed: StageResult = { verdict: allow }

/**
 * Runs checks in order until one refuses. The result is a promise only if a check gave one, so that a
 * request that is decided in memory does not wait for the event loop.
 */
export function runChecks(
  checks: readonly NamedCheck[],
  request: RequestContext,
  from = 0,
): StageResult | Promise<StageResult> {
  for (let index = from; index < checks.length; index += 1) {
    const { name, check } = checks[index] as NamedCheck
    const verdict = check(request)
    if (verdict instanceof Promise) {
      return verdict.then((settled) =>
        settled === allow
          ? runChecks(checks, request, index + 1)
          : { verdict: settled, policy: name },
      )
    }
    if (verdict !== allow) return { verdict, policy: name }
  }
  return passed
}
