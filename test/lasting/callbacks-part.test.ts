import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { pino } from 'pino'
import { prepareReceivers } from '../../src/callbacks/receiver.ts'
import { openCallbacksPart } from '../../src/lasting/callbacks-part.ts'
import type { AuditRecord } from '../../src/record/audit-record.ts'
import { openMetrics } from '../../src/record/metrics.ts'
import type { Recorder } from '../../src/record/recorder.ts'
import { loadedCallback } from '../support/callbacks.ts'
import { endedJob } from '../support/ended-job.ts'
import { openTestFileBackend } from '../support/file-backend.ts'
import { type AnswerWebhook, startReceiver, status } from '../support/webhook-receiver.ts'

/** The call-backs of a process whose records are written when the test says so. */
async function opened(answer: AnswerWebhook) {
  const stack = new AsyncDisposableStack()
  const receiver = stack.use(await startReceiver({ answer }))
  const { callbacks: queue } = stack.use(await openTestFileBackend())
  const lines: unknown[] = []
  const write = (line: string) => {
    const { msg, reason } = JSON.parse(line)
    lines.push(reason === undefined ? msg : `${msg}: ${reason}`)
  }
  const records: { record: AuditRecord; written: () => void }[] = []
  const recordEnd = (record: AuditRecord) =>
    new Promise<void>((written) => void records.push({ record, written }))
  const receivers = prepareReceivers([
    { name: 'acme-erp', callback: loadedCallback(receiver.url, { concurrency: 1 }) },
  ])
  const metrics = openMetrics()
  const callbacks = openCallbacksPart(
    queue,
    {
      log: pino({}, { write }),
      metrics,
      recorder: { recordEnd } as Recorder,
      tracing: undefined,
    },
    () => receivers,
  )
  callbacks.start()
  return {
    queue,
    lines,
    records,
    metrics,
    end: (id: string) => callbacks.onJobEnd({ ...endedJob, id }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

test('a call-back stays in its queue until its end has been recorded', async () => {
  for (const code of [204, 410]) {
    await using calls = await opened(status(code))
    const { queue, records } = calls
    await calls.end('job')
    while (records.length === 0) await queue.depth()
    const { running, dead } = await queue.depth()
    assert.deepEqual([running, dead], [1, 0])
    records[0]?.written()
    while ((await queue.depth()).running > 0);
    assert.equal((await queue.depth()).dead, code === 410 ? 1 : 0)
  }
})

test('the log says which call-backs are dead, and that a receiver takes them again only where it had failed; all are counted', async () => {
  const codes = [204, 500, 410, 204, 204, 500, 204]
  await using calls = await opened((response, received, index) =>
    status(codes[index] ?? 204)(response, received, index),
  )
  const { queue, records, lines, metrics } = calls
  // The second and the fifth are sent twice.
  for (const id of ['1', '2', '3', '4', '5']) {
    await calls.end(id)
    while (records.length === 0) await queue.depth()
    records.pop()?.written()
    while ((await queue.depth()).running > 0);
  }
  assert.deepEqual(lines, [
    'call-backs fail and are sent again: STATUS_500',
    'a call-back is dead: STATUS_410',
    'call-backs are delivered again',
    'call-backs fail and are sent again: STATUS_500',
    'call-backs are delivered again',
  ])
  const counts = /_sent_total\{.*"(.*)"\} (.*)/g
  const sent = [...(await text(metrics.text())).matchAll(counts)]
  assert.deepEqual(Object.fromEntries(sent.map(([, outcome, count]) => [outcome, count])), {
    delivered: '4',
    failed: '2',
    dead: '1',
  })
})
