import { allow, type Check } from './policy.ts'
import type { Rejection } from './problem.ts'
import type { RequestContext } from './request-context.ts'
import type { Refusal } from './server/answer.ts'

/** A check with the name of its step or policy, which the audit record and metrics show. */
export interface NamedCheck {
  readonly name: string
  readonly check: Check
}

/** The verdict of a list of checks; a refusal has the name of the one that refused. */
export type StageVerdict = typeof allow | Refusal

/**
 * Runs checks in order until one refuses. The result is a promise only if a check gave one, so that a
 * request that is decided in memory does not wait for the event loop.
 */
export function runChecks(
  checks: readonly NamedCheck[],
  request: RequestContext,
  from = 0,
): StageVerdict | Promise<StageVerdict> {
  for (let index = from; index < checks.length; index += 1) {
    const { name, check } = checks[index] as NamedCheck
    const verdict = check(request)
    if (verdict instanceof Promise) {
      return verdict.then((settled) =>
        settled === allow ? runChecks(checks, request, index + 1) : refusalBy(name, settled),
      )
    }
    if (verdict !== allow) return refusalBy(name, verdict)
  }
  return allow
}

function refusalBy(policy: string, rejection: Rejection): Refusal {
  return { ...rejection, policy }
}
