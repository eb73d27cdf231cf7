import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { main, startedProcess } from '../support/gateway-process.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'

/** Their lines are several times what a pipe holds. */
const requests = 400

test('standard output that nobody reads delays nothing, and the file has every record', async () => {
  await using magento = await startMagento()
  await using files = await writeConfig({ gateway: {}, integrations: {} })
  const file = join(files.path, 'audit.jsonl')
  await using settings = await writeConfig({
    gateway: gatewaySettings(
      { magentoUrl: magento.url, gateway: { audit: { stdout: true } } },
      file,
    ),
    integrations: { globex },
  })
  const child = spawn(process.execPath, [main, 'start', '--config', settings.path], {
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...testEnv },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [ready] = (await once(child.stdout, 'data')) as [Buffer]
  // From here on it is read no more.
  child.stdout.pause()
  const [, url = ''] = /listens on (\S+),/.exec(ready.toString()) ?? []
  for (let sent = 0; sent < requests; sent += 1) {
    assert.equal((await send(url, { headers: globexHeaders })).status, 200)
  }
  child.kill('SIGTERM')
  await once(child, 'exit')
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  assert.equal(lines.length, requests)
  child.stdout.destroy()
})

test('standard output that is read has each record of the file, byte for byte', async () => {
  await using magento = await startMagento()
  await using files = await writeConfig({ gateway: {}, integrations: {} })
  const file = join(files.path, 'audit.jsonl')
  for (const stdout of [true, false]) {
    await rm(file, { force: true })
    await using settings = await writeConfig({
      gateway: gatewaySettings({ magentoUrl: magento.url, gateway: { audit: { stdout } } }, file),
      integrations: { globex },
    })
    const gateway = await startedProcess(['start', '--config', settings.path], testEnv)
    for (let sent = 0; sent < 3; sent += 1) await send(gateway.url, { headers: globexHeaders })
    const { stdout: printed } = await gateway.stop()
    const records = await readFile(file, 'utf8')
    assert.equal(records.trimEnd().split('\n').length, 3)
    // The first line tells the addresses.
    assert.equal(printed.slice(printed.indexOf('\n') + 1), stdout ? records : '')
  }
})
