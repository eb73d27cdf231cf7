import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type AuditRecord, prepareAuditRecord } from '../../src/record/audit-record.ts'
import { openRecorder } from '../../src/record/recorder.ts'
import { openAuditLog } from '../../src/record/trail/audit-log.ts'
import { RequestContext } from '../../src/request-context.ts'
import { buildRecord } from '../support/build-record.ts'
import { temporaryFolder } from '../support/shared.ts'

function failOn(error: unknown): void {
  throw error
}

function readOf(requestId: string): RequestContext {
  return requestOf('GET', requestId)
}

function requestOf(method: string, requestId: string): RequestContext {
  return new RequestContext({
    method,
    rawTarget: '/rest/V1/products/mug',
    rawHeaders: ['Host', 'shop.example'],
    remoteIp: '127.0.0.1',
    isTls: false,
    hasBody: false,
    requestId,
  })
}

test('a read that ends while the recorder is flushed is written too', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'audit.jsonl')
  const auditLog = await openAuditLog({ file }, (text) => text, failOn)
  const settings = { isRecordDemanded: true, deadlineMs: 60_000 }
  // The second one is over at the very moment at which the first one is written.
  const late = [readOf('second')]
  const write: typeof auditLog.write = async (records) => {
    const written = await auditLog.write(records)
    for (const request of late.splice(0)) recorder.record(request, buildRecord)
    return written
  }
  const recorder = openRecorder(
    { ...auditLog, write },
    { observe: () => undefined },
    settings,
    assert.fail,
  )
  recorder.record(readOf('first'), buildRecord)
  await recorder.flush()
  assert.equal(recorder.waiting(), 0)
  await auditLog.close()
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { requestId: string }).requestId),
    ['first', 'second'],
  )
})

test('what becomes of a request after its caller has left changes nothing in its record', async () => {
  const folder = await temporaryFolder()
  const file = join(folder, 'audit.jsonl')
  const auditLog = await openAuditLog({ file }, (text) => text, failOn)
  const observed: AuditRecord[] = []
  const recorder = openRecorder(
    auditLog,
    { observe: (record) => observed.push(record) },
    { isRecordDemanded: true, deadlineMs: 60_000 },
    assert.fail,
  )
  const request = requestOf('POST', 'left')
  request.upstream = { startedAt: performance.now(), spanId: '1', origin: 'http://magento' }
  request.hasCallerLeft = true
  recorder.record(request, buildRecord)
  request.outcome = { status: 200 }
  request.bytesOut = 17
  request.upstream = { ...request.upstream, status: 200, durationMs: 1_000_000 }
  await recorder.flush()
  await auditLog.close()
  const record = JSON.parse(await readFile(file, 'utf8')) as AuditRecord
  assert.deepEqual([record.status, record.bytesOut, record.upstreamStatus], [499, 0, undefined])
  assert.ok(record.upstreamMs !== undefined && record.upstreamMs <= record.durationMs)
  assert.equal(observed[0]?.status, 499)
})

test('a trail that has written in time has not stalled, even if the process learns of that only after the deadline', async () => {
  const auditLog = await openAuditLog({ stdout: true }, (text) => text, failOn)
  const disk = new MessageChannel()
  const deadlineMs = 20
  const write: typeof auditLog.write = (records) => {
    const written = once(disk.port2, 'message').then(() => records.length)
    disk.port1.postMessage('written')
    // The process is busy or suspended, until the deadline has passed.
    const busyUntilMs = performance.now() + 2 * deadlineMs
    while (performance.now() < busyUntilMs);
    return written
  }
  const stalls: string[] = []
  const recorder = openRecorder(
    { ...auditLog, write },
    { observe: () => undefined },
    { isRecordDemanded: true, deadlineMs },
    () => stalls.push('stalled'),
  )
  const request = requestOf('POST', 'first')
  const mayAnswer = await new Promise((end) => recorder.whenRecorded(request, buildRecord, end))
  assert.deepEqual([mayAnswer, stalls], [true, []])
  disk.port1.close()
  await auditLog.close()
})

for (const [what, long, most] of [
  ['ten thousand', {}, 10_000],
  ['64 MiB of bodies', { answerBody: 'x'.repeat(1_048_576) }, 64],
  ['64 MiB of paths', { path: 'x'.repeat(16_384) }, 4_096],
] as const) {
  test(`records that wait for a trail that has stalled are bounded by ${what}, and the trail says how many it lacks`, async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'audit.jsonl')
    const auditLog = await openAuditLog({ file }, (text) => text, failOn)
    const begun = Promise.withResolvers<void>()
    const stalled = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    const write: typeof auditLog.write = async (records) => {
      begun.resolve()
      await held.promise
      return auditLog.write(records)
    }
    const settings = { isRecordDemanded: true, deadlineMs: 20 }
    const buildLong = (request: RequestContext) => ({ ...buildRecord(request), ...long })
    const log = { ...auditLog, write }
    const recorder = openRecorder(log, { observe: () => undefined }, settings, stalled.resolve)
    recorder.record(readOf('first'), buildLong)
    await begun.promise
    await stalled.promise
    for (let count = 0; count < most + 3; count += 1)
      recorder.record(readOf(`read-${count}`), buildLong)
    recorder.count()
    assert.equal(recorder.waiting(), most + 1)
    held.resolve()
    await recorder.written()
    await auditLog.close()
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    const told = lines.map((line) => JSON.parse(line) as { requestId?: string; lost?: number })
    assert.equal(told.filter(({ requestId }) => requestId !== undefined).length, most + 1)
    assert.deepEqual(
      told.flatMap(({ lost }) => lost ?? []),
      [3],
    )
  })
}

test('a request whose record cannot be built has one of what the gateway itself knows', () => {
  const unbuilt: unknown[] = []
  const build = prepareAuditRecord({
    hashToken: () => '',
    showBody: () => {
      throw new Error('the text of the caller')
    },
    onUnbuilt: ({ requestId }, error) => unbuilt.push([requestId, (error as Error).message]),
  })
  const request = readOf('first')
  request.parsedTarget = { path: '/rest/V1/x', query: undefined, store: undefined, segments: [] }
  request.body = Buffer.from('{}')
  request.outcome = { status: 200 }
  request.auditDetails = {
    subjects: { skus: places(), productIds: places(), orderIds: places(), jobIds: places() },
    requestBody: 10,
  }
  const { requestId, status, reason, requestBody } = build(request)
  assert.deepEqual(
    [requestId, status, reason, requestBody],
    ['first', 200, 'its record could not be built', undefined],
  )
  assert.deepEqual(unbuilt, [['first', 'the text of the caller']])
})

function places() {
  return { variables: [], pointers: [] }
}
