import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'

const root = new URL('../../', import.meta.url)
const page = await readFile(new URL('docs/failure-modes.md', root), 'utf8')

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}

/** Rows of all tables whose last column names tests. */
const rows = page.split(/\n\n+/).flatMap((block) => {
  const [header = '', , ...lines] = block.split('\n').filter((line) => line.startsWith('|'))
  return cellsOf(header).at(-1) === 'test' ? lines.map(cellsOf) : []
})

/** A test file with the tables of its own folder that it runs through. */
async function testText(path: string): Promise<string> {
  const file = new URL(`test/${path}.test.ts`, root)
  const text = await readFile(file, 'utf8')
  const tables = [...text.matchAll(/from '(\.\/[\w-]+\.ts)'/g)].map(([, name = '']) =>
    readFile(new URL(name, file), 'utf8'),
  )
  return [text, ...(await Promise.all(tables))].join('\n')
}

/**
 * A name stands in quotes, whole or as far as its first colon; or it is a key of a table. One that the page cuts short
 * must be the beginning of a single name.
 */
function isNamedIn(text: string, name: string): boolean {
  if (name.endsWith('…')) {
    const begin = name.slice(0, -1)
    return text.split(`'${begin}`).length + text.split(`\`${begin}`).length === 3
  }
  const begins = [`'${name}'`, `'${name}:`, `\`${name}\``, `\`${name}:`, `\n  ${name}: {`]
  return begins.some((begin) => text.includes(begin))
}

describe('each row of docs/failure-modes.md names a test that exists', () => {
  for (const row of rows) {
    test(row[0], async () => {
      const names = [...(row.at(-1) ?? '').matchAll(/`([\w/-]+): ([^`]+)`/g)]
      // A row that has no test says so.
      assert.ok(names.length > 0 || /^none/.test(row.at(-1) ?? ''), 'a row without a test')
      for (const [, path = '', name = ''] of names) {
        assert.ok(isNamedIn(await testText(path), name), `${path} has no test "${name}"`)
      }
    })
  }
})

test('there are rows that name tests', () => assert.ok(rows.length > 15))
