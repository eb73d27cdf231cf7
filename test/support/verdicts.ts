import assert from 'node:assert/strict'
import { allow, type Verdict } from '../../src/policy.ts'
import type { Rejection } from '../../src/problem.ts'

/** The rejection that a check answered; fails the test when it allowed the request. */
export async function rejectionOf(verdict: Verdict | Promise<Verdict>): Promise<Rejection> {
  const settled = await verdict
  assert.ok(settled !== allow, 'the request was allowed')
  return settled
}
