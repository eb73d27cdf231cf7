import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { boundToThisProcess } from '../support/bound-process.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { commandEnv, main } from '../support/gateway-process.ts'
import { globexHeaders, problemOf, send, writeOf } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { temporaryFolder } from '../support/shared.ts'

const module = new URL('../../src/record/stderr-lines.ts', import.meta.url)

/** Starts a process that runs a script, which has `stderrLines`, and logs to an open file. */
function startScript(script: string, log: number) {
  const whole = `import { stderrLines } from '${module}'\n${script}`
  const args = ['--input-type=module', '-e', whole]
  return spawn(...boundToThisProcess(process.execPath, args), { stdio: ['pipe', 'pipe', log] })
}

/** Has a gateway that logs to an open file serve, with something to be logged, and ends it. */
async function serveWith(log: number): Promise<void> {
  await using upstream = await startRawUpstream()
  await using files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: upstream.url }, '/dev/full'),
    integrations: { globex },
  })
  const args = [main, 'start', '--config', files.path]
  const child = spawn(...boundToThisProcess(process.execPath, args), {
    env: commandEnv(testEnv),
    stdio: ['ignore', 'pipe', log],
  })
  const ended = once(child, 'exit')
  const [ready] = (await once(child.stdout as Readable, 'data')) as [Buffer]
  const [, url = ''] = /listens on (\S+),/.exec(ready.toString()) ?? []
  for (let sent = 0; sent < 2; sent += 1) {
    assert.equal(problemOf(await send(url, writeOf('{}'))).code, 'audit-unavailable')
    assert.equal((await send(url, { headers: globexHeaders })).status, 200)
  }
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
}

/** Makes a pipe that is full: `pipe` reads from it, and `log` waits whenever it is written to, unless it is told not to. */
async function fullPipe() {
  const path = join(await temporaryFolder(), 'pipe')
  await promisify(execFile)('mkfifo', [path])
  const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  const piece = Buffer.alloc(4096, '.')
  let held = 0
  try {
    for (;;) held += writeSync(pipe, piece)
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN')
  }
  return { pipe, held, log: openSync(path, constants.O_WRONLY) }
}

test('a log whose disk is full ends no process', async () => {
  const full = openSync('/dev/full', 'w')
  await serveWith(full)
  closeSync(full)
})

test('a log that nobody reads stops no process', async () => {
  const { pipe, log } = await fullPipe()
  await serveWith(log)
  closeSync(log)
  closeSync(pipe)
})

test('a log that is read again has what was kept for its reader, how much was not, and what came last', async () => {
  const { pipe, held, log } = await fullPipe()
  const script = `
    // Does not block from now on, as in the command.
    process.stderr.unref?.()
    const write = stderrLines((lost) => {
      for (const last of [lost + ' lost', 'z'.repeat(300_000), '!']) write(last)
      process.exit()
    })
    for (const letter of 'abcd') write(letter.repeat(600_000))
    process.stdin.resume()
    process.stdout.write('written')
  `
  const child = startScript(script, log)
  const ended = once(child, 'exit')
  await once(child.stdout as Readable, 'data')
  const buffer = Buffer.alloc(65_536)
  let read = ''
  for (;;) {
    const isLast = child.exitCode !== null
    try {
      read += buffer.toString('latin1', 0, readSync(pipe, buffer))
    } catch {
      if (isLast) break
      await delay(2)
    }
  }
  assert.equal(read.slice(held).replaceAll(/(\w)\1+/g, '$1'), 'ab2 lostz!')
  assert.equal(read.length, held + 1_200_000 + '2 lost'.length + 300_000 + 1)
  assert.deepEqual(await ended, [0, null])
  closeSync(log)
  closeSync(pipe)
})

test('a line after a disk was full is not joined to the half of another', async () => {
  const file = join(await temporaryFolder(), 'log')
  const log = openSync(file, 'a')
  const script = `
    import { execFileSync } from 'node:child_process'
    const write = stderrLines(() => undefined)
    const limit = (bytes) =>
      execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=' + bytes + ':'])
    limit(3)
    for (const line of ['a\\n', 'bcd\\n', 'e\\n']) write(line)
    limit('unlimited')
    for (const line of ['f\\n', 'g\\n']) write(line)
  `
  const child = startScript(script, log)
  assert.deepEqual(await once(child, 'exit'), [0, null])
  closeSync(log)
  assert.equal(await readFile(file, 'utf8'), 'a\nb\nf\ng\n')
})
