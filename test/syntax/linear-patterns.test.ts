import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { analyse } from 'scslre'
import ts from 'typescript'

const sources = globSync('src/**/*.ts')

/*
 * Callers choose most texts that are matched, and nothing else is served while one is: a pattern that can match a row of
 * characters in several ways, or begin at each of them, lets one body of 1 MiB stop the gateway.
 */
test('no regular expression takes longer than in proportion to the text', () => {
  const slow: string[] = []
  for (const file of sources) {
    for (const literal of patternsIn(file)) {
      const end = literal.lastIndexOf('/')
      const pattern = { source: literal.slice(1, end), flags: literal.slice(end + 1) }
      if (analyse(pattern).reports.length > 0) slow.push(`${file}: ${literal}`)
    }
  }
  assert.deepEqual(slow, [])
  assert.ok(sources.length > 0)
})

for (const [name, pattern] of [
  ['two ways to match', /^\d+\.?\d*$/],
  ['a beginning at each character', /\s+$/],
] as const) {
  test(`${name} would be found`, () => {
    assert.equal(analyse(pattern).reports.length, 1)
  })
}

function patternsIn(file: string): string[] {
  const found: string[] = []
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest)
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) found.push(node.text)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}
