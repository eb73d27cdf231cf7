import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { problemOf } from '../../support/http-client.ts'
import { startRawUpstream } from '../../support/raw-upstream.ts'
import { startJobsGateway } from '../jobs-gateway.ts'

// Each of them had waited for the file by itself: minutes, where they wait for it together now.
const most = { timeout: 60_000 }

test(
  'jobs are refused together while another process has their file locked, and taken when it is free',
  most,
  async () => {
    await using magento = await startRawUpstream((socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'),
    )
    await using running = await startJobsGateway(magento.url)
    const { write } = running
    const other = new DatabaseSync(running.file)
    other.exec('BEGIN EXCLUSIVE')
    const body = { product: { sku: 'a' } }
    const answers = await Promise.all(Array.from({ length: 8 }, () => write({ body })))
    for (const answer of answers) {
      assert.equal(answer.status, 503)
      assert.equal(problemOf(answer).code, 'jobs-unavailable')
      assert.equal(answer.headers['retry-after'], '5')
    }
    other.exec('ROLLBACK')
    other.close()
    assert.equal(magento.requests.length, 0)
    const accepted = await write({ body })
    assert.equal(accepted.status, 202)
    assert.equal((await running.ended(accepted)).state, 'done')
    assert.equal(magento.requests.length, 1)
  },
)
