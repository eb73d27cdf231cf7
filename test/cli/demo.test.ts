import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { boundToThisProcess } from '../support/bound-process.ts'
import { temporaryFolder } from '../support/shared.ts'

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

test('the commands that the demo prints work as soon as they are printed, and Ctrl-C ends it', async () => {
  const main = join(root, 'src/main.ts')
  const demo = spawn(...boundToThisProcess(process.execPath, [main, 'demo']))
  const ended = once(demo, 'close')
  let printed = ''
  let commands: readonly string[] = []
  for await (const chunk of demo.stdout) {
    printed += chunk
    commands = [...printed.matchAll(/^ {2}(curl .*)\n/gm)].map(([, command]) => command as string)
    if (commands.length === 2) break
  }
  const runs = commands.map((command) =>
    spawnSync(`${command} -sS --fail`, { shell: true, encoding: 'utf8' }),
  )
  demo.kill('SIGINT')
  assert.deepEqual(await ended, [0, null])
  assert.deepEqual(
    runs.map(({ stderr, status }) => [stderr, status]),
    [
      ['', 0],
      ['', 0],
    ],
  )
})

test('Ctrl-C while the demo is being shown leaves no file of it behind', async () => {
  const folder = await temporaryFolder()
  const args = [join(root, 'src/main.ts'), 'demo']
  const env = { ...process.env, TMPDIR: folder }
  const demo = spawn(...boundToThisProcess(process.execPath, args), { env })
  const ended = once(demo, 'exit')
  await once(demo.stdout, 'data')
  assert.equal((await readdir(folder)).length, 1)
  demo.kill('SIGINT')
  demo.stdout.resume()
  assert.deepEqual(await ended, [0, null])
  assert.deepEqual(await readdir(folder), [])
})

test('the demo says in one line what it needs outside a checkout, as in the image', async () => {
  const image = await temporaryFolder()
  for (const name of ['src', 'package.json']) {
    await cp(join(root, name), join(image, name), { recursive: true })
  }
  await symlink(join(root, 'node_modules'), join(image, 'node_modules'))
  const main = join(image, 'src/main.ts')
  const { status, stderr } = spawnSync(process.execPath, [main, 'demo'], { encoding: 'utf8' })
  assert.equal(
    stderr,
    `demo: this command needs a checkout of the repository; test/support/magento/stand-in.ts is missing\n`,
  )
  assert.equal(status, 1)
})

test('the demo says in one line that it cannot make a folder for its files', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, 'src/main.ts'), 'demo', '--once'],
    { encoding: 'utf8', env: { ...process.env, TMPDIR: '/dev/null' } },
  )
  assert.equal(stderr, 'demo: no folder can be made in /dev/null (ENOTDIR): set TMPDIR\n')
  assert.equal(status, 1)
})
