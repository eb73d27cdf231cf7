import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { buildRecord } from '../support/build-record.ts'
import { requestContext } from '../support/request.ts'

const page = await readFile(new URL('../../docs/audit.md', import.meta.url), 'utf8')

test('docs/audit.md has every field of a record, and no field that is gone', () => {
  const [table = ''] = page.split('\n## Fields\n')[1]?.split('\n## ') ?? []
  const documented = [...table.matchAll(/^\| (`.*?`) \|/gm)].flatMap(
    ([, names = '']) => names.match(/\w+/g) ?? [],
  )
  const inLine = ['event', 'seq', 'prev', 'hash']
  const fields = [...Object.keys(buildRecord(requestContext())), ...inLine]
  assert.deepEqual(documented.sort(), fields.sort())
})
