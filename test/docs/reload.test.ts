import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { changeableSettings } from '../../src/config/restart-settings.ts'

test('docs/reload.md lists exactly the settings that can change at a reload', async () => {
  const page = await readFile(new URL('../../docs/reload.md', import.meta.url), 'utf8')
  const [, list = ''] = /can change at a reload:\n\n([\s\S]*?)\n\n/.exec(page) ?? []
  const listed = [...list.matchAll(/`([\w.]+)`/g)].map(([, name = '']) => name)
  const names = changeableSettings.map((pointer) => pointer.slice(1).replaceAll('/', '.'))
  assert.deepEqual(listed, names)
})
