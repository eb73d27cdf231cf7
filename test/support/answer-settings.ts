import assert from 'node:assert/strict'
import type { AnswerSettings } from '../../src/server/answer.ts'

/** Answers that wait for no record, of a gateway that is not stopping. */
export const answerSettings: AnswerSettings = {
  problemsUrl: '/problems',
  isDraining: () => false,
  beforeEnd: (_request, end) => end(true),
  readMs: 60_000,
  onUnwritten: () => assert.fail(),
}
