import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import ts from 'typescript'
import { isSlowExpression } from '../../src/config/slow-pattern.ts'

const source = new URL('../../src/', import.meta.url)

/** These are held only against what the operator configures, or against names in the schema of the shop. */
const ofTheOperator = new Set([String.raw`/(\d+)\/(\w+)/g`, '/_+([a-z0-9])/gi', '/=+$/'])

/** The regular expressions that a file of code contains, as written. */
function expressionsIn(code: string): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) found.push(node.text)
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile('code.ts', code, ts.ScriptTarget.Latest))
  return found
}

function isSlow(literal: string): boolean {
  const end = literal.lastIndexOf('/')
  return isSlowExpression(new RegExp(literal.slice(1, end), literal.slice(end + 1)))
}

test('no expression takes time with the square of the length of a text that a caller chose', async () => {
  const files = await readdir(source, { recursive: true })
  const slow: string[] = []
  let tried = 0
  // Commands and the configuration read what the operator writes.
  for (const file of files.filter((each) => /^(?!cli\/|config\/).*\.ts$/.test(each))) {
    for (const literal of expressionsIn(await readFile(new URL(file, source), 'utf8'))) {
      tried += 1
      if (!ofTheOperator.has(literal) && isSlow(literal)) slow.push(`${file}: ${literal}`)
    }
  }
  assert.deepEqual(slow, [])
  assert.ok(tried > 100, String(tried))
})
