import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { boundToThisProcess } from '../support/bound-process.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { commandEnv, main } from '../support/gateway-process.ts'
import { globexHeaders, problemOf, send, writeOf } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'

test('a log whose disk is full ends no process', async () => {
  await using upstream = await startRawUpstream()
  // On the same disk is the audit trail, so that there is something to be logged.
  await using files = await writeConfig({
    gateway: gatewaySettings({ magentoUrl: upstream.url }, '/dev/full'),
    integrations: { globex },
  })
  const full = openSync('/dev/full', 'w')
  const args = [main, 'start', '--config', files.path]
  const child = spawn(...boundToThisProcess(process.execPath, args), {
    env: commandEnv(testEnv),
    stdio: ['ignore', 'pipe', full],
  })
  closeSync(full)
  const ended = once(child, 'exit')
  const [ready] = (await once(child.stdout as Readable, 'data')) as [Buffer]
  const [, url = ''] = /listens on (\S+),/.exec(ready.toString()) ?? []
  for (let sent = 0; sent < 2; sent += 1) {
    assert.equal(problemOf(await send(url, writeOf('{}'))).code, 'audit-unavailable')
    assert.equal((await send(url, { headers: globexHeaders })).status, 200)
  }
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
})
