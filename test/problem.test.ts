import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemBody, problems, reject } from '../src/problem.ts'

test('every problem has a client or server error status and tells the reason to nobody', () => {
  for (const code of Object.keys(problems) as (keyof typeof problems)[]) {
    const body = problemBody(reject(code, 'the reason'), 'id', 'https://docs.example/problems')
    const problem = JSON.parse(body) as Record<string, unknown>
    assert.ok(Number(problem.status) >= 400 && Number(problem.status) < 600)
    assert.equal(problem.type, `https://docs.example/problems#${code}`)
    assert.ok(!body.includes('the reason'))
  }
})
