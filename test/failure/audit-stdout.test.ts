import assert from 'node:assert/strict'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { verifyTrail } from '../../src/verify/verify-trail.ts'
import { boundToThisProcess } from '../support/bound-process.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { commandEnv, main, startedProcess } from '../support/gateway-process.ts'
import { globexHeaders, send, writeOf } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { scrape } from '../support/metrics.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { temporaryFolder } from '../support/shared.ts'

/** Their lines are twice what waits between two processes in the socket that Node makes of a pipe. */
const requests = 200
/** Each of its parameters is recorded as redacted. */
const path = `/rest/V1/products/24-MB01?${Array.from({ length: 200 }, (_, n) => `x${n}`).join('&')}`

test('standard output that nobody reads delays nothing, and the file has every record', async () => {
  await using magento = await startMagento()
  const file = join(await temporaryFolder(), 'audit.jsonl')
  const audit = { stdout: true, checkpoints: { key: 'env:AUDIT_KEY' } }
  await using settings = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: magento.url, gateway: { audit } }, file),
    integrations: { globex },
  })
  const args = [main, 'start', '--config', settings.path]
  const key = generateKeyPairSync('ed25519').privateKey
  const child = spawn(...boundToThisProcess(process.execPath, args), {
    env: commandEnv({
      ...testEnv,
      AUDIT_KEY: String(key.export({ type: 'pkcs8', format: 'pem' })),
    }),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [ready] = (await once(child.stdout, 'data')) as [Buffer]
  // From here on it is read no more.
  child.stdout.pause()
  const [, url = ''] = /listens on (\S+),/.exec(ready.toString()) ?? []
  for (let sent = 0; sent < requests; sent += 1) {
    assert.equal((await send(url, { path, headers: globexHeaders })).status, 200)
  }
  child.kill('SIGTERM')
  await once(child, 'exit')
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  assert.equal(lines.length, requests)
  const { to } = JSON.parse(await readFile(`${file}.checkpoints`, 'utf8')) as { to: number }
  assert.equal(to, requests)
  child.stdout.destroy()
})

test('standard output that is read has each record of the file, byte for byte', async () => {
  await using magento = await startMagento()
  const file = join(await temporaryFolder(), 'audit.jsonl')
  await using settings = await writeConfig({
    gateway: gatewaySettings(
      { magentoUrl: magento.url, gateway: { audit: { stdout: true } } },
      file,
    ),
    integrations: { globex },
  })
  const gateway = await startedProcess(['start', '--config', settings.path], testEnv)
  for (let sent = 0; sent < 3; sent += 1) await send(gateway.url, { headers: globexHeaders })
  const { stdout } = await gateway.stop()
  const records = await readFile(file, 'utf8')
  assert.equal(records.trimEnd().split('\n').length, 3)
  // The first line tells the addresses; it is the only one where `audit.stdout` is not set, see cli/start.
  assert.equal(stdout.slice(stdout.indexOf('\n') + 1), records)
})

test('a full disk behind standard output refuses writes until it has space, and leaves one chain', async () => {
  await using upstream = await startRawUpstream()
  const folder = await temporaryFolder()
  const { audit: _, ...settings } = gatewaySettings({ magentoUrl: upstream.url }, '')
  await using files = await writeConfig({
    gateway: { ...settings, audit: { stdout: true } },
    integrations: { globex },
  })
  const printed = join(folder, 'printed')
  await writeFile(printed, '')
  const start = `exec ${process.execPath} ${main} start --config ${files.path} >> ${printed}`
  const child = spawn(...boundToThisProcess('sh', ['-c', start]), {
    env: commandEnv(testEnv),
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  const ready = /^magegate listens on (\S+), admin on (\S+)\n/
  let addresses: RegExpExecArray | null = null
  while (addresses === null) {
    await delay(5)
    addresses = ready.exec(await readFile(printed, 'utf8'))
  }
  const [line, url = '', adminUrl = ''] = addresses
  const limit = (bytes: number | 'unlimited') =>
    promisify(execFile)('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}:unlimited`])
  const isReady = async () => (await fetch(`${adminUrl}/readyz`)).status === 200
  const failures = async () =>
    (await scrape({ adminUrl })).value('magegate_audit_failures_total') ?? 0
  const post = writeOf('{}')

  assert.equal((await send(url, post)).status, 200)
  await limit((await stat(printed)).size + 100)
  assert.equal((await send(url, post)).status, 503)
  assert.equal(upstream.requests.length, 2)
  // The next attempt is made without a request.
  while ((await failures()) < 2 && !(await isReady())) await delay(5)
  assert.equal(await isReady(), false)
  assert.equal((await send(url, post)).status, 503)
  assert.equal(upstream.requests.length, 2)
  await limit('unlimited')
  while (!(await isReady())) await delay(5)
  assert.equal((await send(url, post)).status, 200)
  // And once more.
  await limit((await stat(printed)).size + 50)
  assert.equal((await send(url, post)).status, 503)
  await limit('unlimited')
  while (!(await isReady())) await delay(5)
  child.kill('SIGTERM')
  await ended

  const trail = join(folder, 'trail')
  await writeFile(trail, (await readFile(printed, 'utf8')).slice(line.length))
  const { fault, notes, records } = await verifyTrail({ files: [trail], checkpointFiles: [] })
  assert.deepEqual([fault, records], [undefined, 4])
  assert.deepEqual(notes, [
    `${trail}:2: a line was cut off here, as record 2 tells`,
    `${trail}:5: a line was cut off here, as record 4 tells`,
  ])
  const written = (await readFile(trail, 'utf8')).split('\n')
  const resumed = [written[2], written[5]].map((text = '') => JSON.parse(text))
  assert.deepEqual(
    resumed.map(({ event, lost, cutBytes }) => [event, lost, cutBytes]),
    [
      ['resumed', 2, 100],
      ['resumed', 1, 50],
    ],
  )
})

test('that standard output is full is told of as such, and hides no fault of the file', () => {
  const module = new URL('../../src/record/trail/stdout-lines.ts', import.meta.url)
  const script = `
    import { stdoutLines } from '${module}'
    const lines = stdoutLines(({ code, message, cause }) => {
      process.stderr.write(code + ': ' + message + ': ' + cause.code)
    })
    lines.write(['a line'])
  `
  const full = openSync('/dev/full', 'w')
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  })
  closeSync(full)
  assert.equal(stderr, 'undefined: standard output takes no audit trail: ENOSPC')
})

/**
 * Writes lists of lines to standard output in a process of its own, one after the other, until its pipe has them; gives
 * that and what went wrong.
 */
function writeLines(...lists: string[]) {
  const module = new URL('../../src/record/trail/stdout-lines.ts', import.meta.url)
  const script = `
    import { stdoutLines } from '${module}'
    // Does not block from now on, as once a process has printed its first line.
    process.stdout.unref?.()
    const { write } = stdoutLines((error) => process.stderr.write(error.message))
    for (const lines of [${lists.join()}]) write(lines)
  `
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    maxBuffer: 20_000_000,
  })
}

test('a pipe that is full for a moment costs no line, however much has gone through it', () => {
  const { stdout, stderr } = writeLines("['x'.repeat(9_000_000)]", "['y'.repeat(9_000_000)]")
  assert.deepEqual([stdout.length, stderr], [18_000_000, ''])
})

test('of more lines than may wait those are written at once that may, and it is told that others are not', () => {
  const { stdout, stderr } = writeLines("['x'.repeat(9_000_000), 'y'.repeat(9_000_000)]")
  assert.deepEqual(
    [stdout.length, stderr],
    [9_000_000, 'standard output is too slow for the audit trail'],
  )
})
