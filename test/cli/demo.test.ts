import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

test('the demo sends its requests through the example configuration, and Magento takes the signatures', () => {
  const main = join(root, 'src/main.ts')
  const run = spawnSync(process.execPath, [main, 'demo', '--once'], { encoding: 'utf8' })
  assert.equal(run.stderr, '')
  assert.equal(run.status, 0)
  const answers = [...run.stdout.matchAll(/^ {2}answer +(\d{3}) /gm)].map(([, status]) => status)
  assert.deepEqual(answers, ['200', '200', '200', '401', '401', '403', '400', '400'])
  const consumers = [...run.stdout.matchAll(/OAuth oauth_consumer_key="<(\w+)>"/g)]
  assert.deepEqual(
    consumers.map(([, name]) => name),
    ['GLOBEX', 'GLOBEX', 'ACME'].map((name) => `${name}_MAGENTO_CONSUMER_KEY`),
  )
})

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
