import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { problems } from '../../src/problem.ts'
import { clientClosed } from '../../src/server/answer.ts'

const page = await readFile(new URL('../../docs/problems.md', import.meta.url), 'utf8')
const entries = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((entry) => {
      const [code = '', ...lines] = entry.split('\n')
      return [code, lines.join('\n').trim()]
    }),
)

/** Status and title by code: what can be answered, and what only the audit record shows. */
const documented = new Map<string, string>([
  ...Object.entries(problems).map(([code, [status, title]]): [string, string] => [
    code,
    `${status} ${title}`,
  ]),
  [String(clientClosed.code), `${clientClosed.status} Client closed`],
])

test('every problem has an entry in docs/problems.md, and no entry is left of one that is gone', () => {
  assert.deepEqual([...entries.keys()].sort(), [...documented.keys()].sort())
})

describe('an entry begins with status and title and says when, what the caller and what the operator does', () => {
  for (const [code, heading] of documented) {
    test(code, () => {
      const entry = entries.get(code) ?? ''
      assert.equal(entry.split('\n')[0], heading)
      const parts = [...entry.matchAll(/^- \*\*(\w+):\*\* \S/gm)].map(([, part]) => part)
      assert.deepEqual(parts, ['When', 'Caller', 'Operator'])
    })
  }
})
