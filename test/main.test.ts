import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { filesWith } from './config/config-faults.ts'
import { writeConfig } from './support/config-directory.ts'
import { testEnv } from './support/gateway.ts'
import { commandEnv, main, runCommand } from './support/gateway-process.ts'

test('returns the exit code even if its output cannot be written', async () => {
  await using directory = await writeConfig(filesWith({}))
  async function check(stdout: 'pipe' | number) {
    const child = spawn(process.execPath, [main, 'check', '--config', directory.path], {
      env: commandEnv(testEnv),
      stdio: ['ignore', stdout, 'pipe'],
    })
    child.stdout?.destroy()
    const stderr = text(child.stderr as Readable)
    const [exitCode] = await once(child, 'close')
    return [exitCode, await stderr]
  }
  assert.deepEqual(await check('pipe'), [0, ''])
  const full = openSync('/dev/full', 'w')
  const unwritten = [1, 'magegate: standard output cannot be written: ENOSPC\n']
  assert.deepEqual(await check(full), unwritten)
  closeSync(full)
})

test('returns the exit code even if nobody reads its messages', async () => {
  const child = spawn(process.execPath, [main, 'serve'], { stdio: ['ignore', 'ignore', 'pipe'] })
  child.stderr.destroy()
  assert.deepEqual(await once(child, 'close'), [2, null])
})

test('a call that is not understood says how to call it, and exits 2', async () => {
  for (const args of [
    [],
    ['serve'],
    ['check'],
    ['check', '--conf', 'x'],
    ['start', 'now', '--config', 'x'],
  ]) {
    const { exitCode, stderr } = await runCommand(args)
    assert.equal(exitCode, 2)
    assert.match(stderr, /usage: magegate COMMAND/)
  }
  const { exitCode, stderr } = await runCommand(['check', '--config', 'x', '--config=y'])
  assert.equal(exitCode, 2)
  assert.match(stderr, /^check: --config is given twice\n\nusage: /)
})

test('--help, of a command too, is no mistake', async () => {
  const { exitCode, stdout, stderr } = await runCommand(['jobs', 'list', '--help'])
  assert.match(stdout, /^usage: magegate COMMAND/)
  assert.deepEqual([exitCode, stderr], [0, ''])
})
