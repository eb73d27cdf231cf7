import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { open, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { holdTrail } from '../../src/record/trail/hold-trail.ts'
import { verifyTrail } from '../../src/verify/verify-trail.ts'
import { startGateway } from '../support/gateway.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { temporaryFolder } from '../support/shared.ts'

describe('the file of the audit trail', () => {
  test('that cannot be opened: the gateway does not start', async () => {
    const start = startGateway({
      magentoUrl: 'http://127.0.0.1:9',
      gateway: { audit: { file: '/dev/null/audit.jsonl' } },
    })
    await assert.rejects(start, { code: /^(ENOTDIR|EEXIST|ENOENT)$/ })
  })

  test('that another gateway writes to: the next one begins when that has stopped', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'audit.jsonl')
    await using magento = await startMagento()
    // The second one waits somewhat longer than this.
    const shutdown = { deadlineMs: 60_000 }
    const options = { magentoUrl: magento.url, gateway: { audit: { file }, shutdown } }
    const first = await startGateway(options)
    const starting = startGateway(options)
    for (let request = 0; request < 50; request += 1) {
      assert.equal((await send(first.url, { headers: globexHeaders })).status, 200)
    }
    await first.stop()
    const second = await starting
    assert.equal((await send(second.url, { headers: globexHeaders })).status, 200)
    await second.stop()
    const { fault, records } = await verifyTrail({ files: [file], checkpointFiles: [] })
    assert.deepEqual([fault, records], [undefined, 51])
  })

  test('that another process does not release: the gateway gives up, and says which file', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'audit.jsonl')
    const told: string[] = []
    const settings = {
      patienceMs: 0,
      onWait: () => told.push('waits'),
      onUnlockable: () => told.push('cannot be locked'),
    }
    const release = await holdTrail(file, settings)
    await assert.rejects(holdTrail(file, { ...settings, patienceMs: 250 }), {
      name: 'TrailHeldError',
      message: `another process writes to ${file}; each needs its own audit.file`,
    })
    assert.deepEqual(told.splice(0), ['waits'])
    const starting = holdTrail(file, { ...settings, patienceMs: 60_000 })
    assert.deepEqual(told, ['waits'])
    release()
    const releaseNext = await starting
    releaseNext()
    await writeFile(`${file}.lock`, 'something else')
    await holdTrail(file, settings)
    assert.deepEqual(told, ['waits', 'cannot be locked'])
  })

  test('that hangs is held until the process ends, since what was begun may still be written', async () => {
    const folder = await temporaryFolder()
    const [file, pipe] = [join(folder, 'audit.jsonl'), join(folder, 'pipe')]
    await using magento = await startMagento()
    const gateway = await startGateway({
      magentoUrl: magento.url,
      gateway: { audit: { file, deadlineMs: 50 }, shutdown: { deadlineMs: 300 } },
    })
    // All threads of Node that write to files wait for somebody who writes to the pipe.
    await promisify(execFile)('mkfifo', [pipe])
    const waiting = Array.from({ length: 4 }, () => open(pipe))
    assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
    await gateway.stop()
    const settings = { patienceMs: 0, onWait: () => undefined, onUnlockable: () => assert.fail() }
    const [next] = await Promise.allSettled([holdTrail(file, settings)])
    const writer = openSync(pipe, constants.O_RDWR)
    for (const each of await Promise.all(waiting)) await each.close()
    closeSync(writer)
    assert.equal(next.status === 'rejected' && next.reason.name, 'TrailHeldError')
  })

  test('that is moved from outside: writing goes on in the moved file', async () => {
    const folder = await temporaryFolder()
    const [file, moved] = [join(folder, 'audit.jsonl'), join(folder, 'moved.jsonl')]
    await using magento = await startMagento()
    {
      await using gateway = await startGateway({
        magentoUrl: magento.url,
        gateway: { audit: { file } },
      })
      assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
      await rename(file, moved)
      assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
    }
    const lines = (await readFile(moved, 'utf8')).split('\n').slice(0, -1)
    assert.equal(lines.length, 2)
    await assert.rejects(readFile(file), { code: 'ENOENT' })
  })
})
