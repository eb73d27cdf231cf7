import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

test('the demo says in one line what it needs outside a checkout, as in the image', async () => {
  const image = await mkdtemp(join(tmpdir(), 'magegate-image-'))
  for (const name of ['src', 'package.json']) {
    await cp(join(root, name), join(image, name), { recursive: true })
  }
  await symlink(join(root, 'node_modules'), join(image, 'node_modules'))
  const main = join(image, 'src/main.ts')
  const { status, stderr } = spawnSync(process.execPath, [main, 'demo'], { encoding: 'utf8' })
  await rm(image, { recursive: true })
  assert.equal(
    stderr,
    `demo: this command needs a checkout of the repository; test/support/magento/stand-in.ts is missing\n`,
  )
  assert.equal(status, 1)
})
