import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { readFile, rename, stat } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { AuditRecord } from '../../src/record/audit-record.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, startGateway, testEnv } from '../support/gateway.ts'
import { startedProcess } from '../support/gateway-process.ts'
import {
  type ClientAnswer,
  globexHeaders,
  problemOf,
  send,
  writeOf,
} from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { scrape } from '../support/metrics.ts'
import { answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { temporaryFolder } from '../support/shared.ts'

const post = writeOf('{}')
const get = { headers: globexHeaders }
const longBody = 'x'.repeat(200_000)

/** Answers every request; one for `/long` with what is streamed. */
function startUpstream() {
  return startRawUpstream((socket, request) => {
    answerWith(socket, { body: request.includes('/products/long') ? longBody : 'ok' })
  })
}

/** Whoever reads this knows that nothing was done, and may try again. */
function assertNotTaken(answer: ClientAnswer): void {
  const { code, detail } = problemOf(answer)
  assert.equal(code, 'audit-unavailable')
  assert.equal(detail, 'Writes cannot be recorded right now, so they are not taken.')
  assert.equal(answer.headers['retry-after'], '5')
}

function readiness(adminUrl: string): Promise<Response> {
  return fetch(`${adminUrl}/readyz`)
}

describe('with a full disk, and audit.onFailure: refuse', () => {
  test('no write is answered as if it were recorded, no further one is forwarded, and reads are', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: { audit: { file: '/dev/full' } },
    })
    assert.equal((await readiness(gateway.adminUrl)).status, 200)
    const first = await send(gateway.url, post)
    assert.equal(first.status, 503)
    assert.equal(problemOf(first).code, 'audit-unavailable')
    assert.equal(upstream.requests.length, 1)

    const second = await send(gateway.url, post)
    assertNotTaken(second)
    assert.equal(upstream.requests.length, 1)

    const ready = await readiness(gateway.adminUrl)
    assert.equal(ready.status, 503)
    assert.match(await ready.text(), /audit trail/)
    assert.equal((await send(gateway.url, get)).status, 200)
  })

  test('nor is a write that an endpoint of the gateway has carried out', async () => {
    await using magento = await startMagento()
    const { endpoints: _, ...policies } = globex.policies
    await using gateway = await startGateway({
      magentoUrl: magento.url,
      gateway: { audit: { file: '/dev/full' } },
      integrations: [{ ...globex, policies }],
    })
    const path = '/rest/V1/magefine/inventaire'
    const answer = await send(gateway.url, writeOf({ sku: '24-MB01', qty: 5 }, { path }))
    assert.equal(answer.status, 503)
    assert.equal(problemOf(answer).code, 'audit-unavailable')
  })

  test('a long answer to a write is cut before its end', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: { audit: { file: '/dev/full' } },
    })
    const outgoing = httpRequest(`${gateway.url}/rest/V1/products/long`, {
      method: 'DELETE',
      headers: globexHeaders,
    })
    outgoing.end()
    const [response] = await once(outgoing, 'response')
    await assert.rejects(async () => {
      for await (const _chunk of response);
    }, /aborted/)
  })
})

test('with a full disk and audit.onFailure: allow, writes go on and a metric shows the failure', async () => {
  await using upstream = await startUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    gateway: { audit: { file: '/dev/full', onFailure: 'allow' } },
  })
  assert.equal((await send(gateway.url, post)).status, 200)
  assert.equal((await send(gateway.url, post)).status, 200)
  assert.equal((await readiness(gateway.adminUrl)).status, 200)
  assert.equal((await scrape(gateway)).value('magegate_audit_failures_total'), 2)
})

/** A gateway that writes its trail to a disk that can be full. */
async function startOnSmallDisk() {
  const stack = new AsyncDisposableStack()
  const folder = await temporaryFolder()
  const auditFile = join(folder, 'audit.jsonl')
  const { url } = stack.use(await startUpstream())
  const files = stack.use(
    await writeConfig({
      gateway: gatewaySettings({ magentoUrl: url }, auditFile),
      integrations: { globex },
    }),
  )
  const gateway = await startedProcess(['start', '--config', files.path], testEnv)
  // A limit on the size of files is a full disk that needs no privileges to be made.
  const limit = (bytes: number | 'unlimited') =>
    promisify(execFile)('prlimit', ['--pid', String(gateway.pid), `--fsize=${bytes}:unlimited`])
  return { auditFile, gateway, limit, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

test('when there is space again, the trail continues by itself and says what is missing, and the log told of it once', async () => {
  await using running = await startOnSmallDisk()
  const { auditFile, gateway, limit } = running
  assert.equal((await send(gateway.url, post)).status, 200)
  const { size } = await stat(auditFile)
  await limit(size + 100)
  for (const [request, status] of [
    [post, 503],
    [get, 200],
    [post, 503],
    [get, 200],
    [post, 503],
  ] as const) {
    assert.equal((await send(gateway.url, request)).status, status)
  }
  assert.equal((await stat(auditFile)).size, size + 100)
  await limit('unlimited')
  while ((await readiness(gateway.adminUrl)).status !== 200) await delay(5)
  assert.equal((await send(gateway.url, post)).status, 200)
  const { stderr } = await gateway.stop()
  assert.equal(stderr.match(/the audit trail could not be written/g)?.length, 1)
  const lines = (await readFile(auditFile, 'utf8')).trimEnd().split('\n')
  const resumed = JSON.parse(lines[2] ?? '') as Record<string, unknown>
  assert.equal(resumed.event, 'resumed')
  assert.equal(resumed.cutBytes, 100)
  assert.equal(resumed.lost, 5)
  assert.equal(resumed.seq, 2)
  assert.equal((JSON.parse(lines[3] ?? '') as Record<string, unknown>).status, 200)
  assert.equal(lines.length, 4)
})

test('a file that is moved while the disk is full is still written, and the gateway goes on', async () => {
  await using running = await startOnSmallDisk()
  const { auditFile, gateway, limit } = running
  assert.equal((await send(gateway.url, post)).status, 200)
  const { size } = await stat(auditFile)
  await limit(size + 100)
  assert.equal((await send(gateway.url, post)).status, 503)
  await rename(auditFile, `${auditFile}.moved`)
  await limit('unlimited')
  while ((await readiness(gateway.adminUrl)).status !== 200) await delay(5)
  assert.equal((await send(gateway.url, post)).status, 200)
  await gateway.stop()
  const lines = (await readFile(`${auditFile}.moved`, 'utf8')).trimEnd().split('\n')
  const resumed = JSON.parse(lines[2] ?? '') as Record<string, unknown>
  assert.deepEqual([resumed.event, resumed.cutBytes, resumed.lost], ['resumed', 100, 1])
  assert.equal((JSON.parse(lines[3] ?? '') as Record<string, unknown>).status, 200)
})

describe('with a disk that hangs', () => {
  /** A named pipe that nobody reads takes as little as a disk that hangs, and can be read again. */
  async function hangingFile() {
    const folder = await temporaryFolder()
    const path = join(folder, 'audit.jsonl')
    await promisify(execFile)('mkfifo', [path])
    const { O_RDWR, O_NONBLOCK } = constants
    const pipe = openSync(path, O_RDWR | O_NONBLOCK)
    /** Fills it up; gives the number of bytes that this took. */
    function fill(): number {
      let filled = 0
      try {
        for (;;) filled += writeSync(pipe, '\n'.repeat(4096))
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN')
      }
      return filled
    }
    const filled = fill()
    let text = ''
    return {
      path,
      fill,
      /** Takes what was written, until there are so many lines. */
      linesOf: async (count: number): Promise<string[]> => {
        const buffer = Buffer.alloc(65_536)
        for (;;) {
          const lines = text.slice(filled).split('\n').slice(0, -1)
          if (lines.length >= count) return lines
          try {
            text += buffer.toString('utf8', 0, readSync(pipe, buffer))
          } catch {
            await new Promise(setImmediate)
          }
        }
      },
      [Symbol.asyncDispose]: async () => {
        closeSync(pipe)
      },
    }
  }

  test('reads are answered, writes wait no longer than the deadline, and no record is lost', async () => {
    await using file = await hangingFile()
    await using upstream = await startUpstream()
    // Long enough for a disk that is right, however busy the machine is.
    const deadlineMs = 1_000
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: { audit: { file: file.path, deadlineMs } },
    })
    const first = await send(gateway.url, post)
    assert.equal(problemOf(first).code, 'audit-unavailable')
    assert.equal(upstream.requests.length, 1)
    const second = await send(gateway.url, post)
    assertNotTaken(second)
    assert.equal(upstream.requests.length, 1)
    for (let read = 0; read < 10; read += 1) {
      assert.equal((await send(gateway.url, get)).status, 200)
    }
    assert.equal((await readiness(gateway.adminUrl)).status, 503)
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
    assert.match(metrics, /^magegate_audit_waiting_records 12$/m)
    const [, lagSeconds = ''] = /^magegate_audit_lag_seconds (.+)$/m.exec(metrics) ?? []
    // The deadline is over.
    assert.ok(Number(lagSeconds) * 1_000 >= deadlineMs, lagSeconds)

    await file.linesOf(12)
    while ((await readiness(gateway.adminUrl)).status !== 200) await delay(5)
    assert.equal((await send(gateway.url, post)).status, 200)
    const records = (await file.linesOf(13)).map((line) => JSON.parse(line) as AuditRecord)
    const sequence = records.map((record) => (record as AuditRecord & { seq: number }).seq)
    assert.deepEqual(
      sequence,
      Array.from({ length: 13 }, (_, index) => index + 1),
    )
    assert.equal(new Set(records.map(({ requestId }) => requestId)).size, 13)
    // The first one was on its way to the disk before anybody knew that it would not get there in time.
    assert.deepEqual(
      records.map(({ method, status }) => `${method} ${status}`),
      ['POST 200', 'POST 503', ...Array.from({ length: 10 }, () => 'GET 200'), 'POST 200'],
    )
    assert.equal(records[1]?.bytesOut, second.body.length)
  })

  test('that hangs again and again is in the log once', async () => {
    await using file = await hangingFile()
    await using upstream = await startUpstream()
    await using files = await writeConfig({
      gateway: {
        ...gatewaySettings({ magentoUrl: upstream.url }, file.path),
        audit: { file: file.path, deadlineMs: 100 },
      },
      integrations: { globex },
    })
    const gateway = await startedProcess(['start', '--config', files.path], testEnv)
    assert.equal((await send(gateway.url, post)).status, 503)
    await file.linesOf(1)
    while ((await readiness(gateway.adminUrl)).status !== 200) await delay(5)
    const padding = file.fill()
    assert.equal((await send(gateway.url, post)).status, 503)
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
    assert.match(metrics, /^magegate_audit_failures_total 2$/m)
    // A process does not end while a thread of it writes.
    await file.linesOf(1 + padding + 1)
    const { stderr } = await gateway.stop()
    assert.equal(stderr.match(/the audit trail has stalled/g)?.length, 1)
  })

  test('a write that Magento has answered is not answered as if Magento were late', async () => {
    await using file = await hangingFile()
    await using upstream = await startUpstream()
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: {
        audit: { file: file.path, deadlineMs: 2_500, onFailure: 'allow' },
        magento: { timeouts: { totalMs: 1_500 } },
      },
    })
    const answers = await Promise.all([
      send(gateway.url, post),
      // Its answer is streamed.
      send(gateway.url, { ...post, method: 'DELETE', path: '/rest/V1/products/long' }),
    ])
    assert.deepEqual(
      answers.map(({ status, body }) => [status, body.length]),
      [
        [200, 2],
        [200, longBody.length],
      ],
    )
    assert.equal((await file.linesOf(2)).length, 2)
  })

  test('and audit.onFailure: allow, writes are answered after the deadline', async () => {
    await using file = await hangingFile()
    await using upstream = await startUpstream()
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: { audit: { file: file.path, deadlineMs: 100, onFailure: 'allow' } },
    })
    assert.equal((await send(gateway.url, post)).status, 200)
    assert.equal((await send(gateway.url, post)).status, 200)
    assert.equal((await readiness(gateway.adminUrl)).status, 200)
    assert.equal((await file.linesOf(2)).length, 2)
  })
})
