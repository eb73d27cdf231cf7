import assert from 'node:assert/strict'
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { globexHeaders, send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'

describe('the file of the audit trail', () => {
  test('that cannot be opened: the gateway does not start', async () => {
    const start = startGateway({
      magentoUrl: 'http://127.0.0.1:9',
      gateway: { audit: { file: '/dev/null/audit.jsonl' } },
    })
    await assert.rejects(start, { code: /^(ENOTDIR|EEXIST|ENOENT)$/ })
  })

  test('that is moved from outside: it is written on, where it is now', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'magegate-moved-'))
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
    await rm(folder, { recursive: true })
  })
})
