import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { callbackEntry } from '../../src/callbacks/callback-entry.ts'
import { redeliver } from '../../src/callbacks/redeliver.ts'
import { openFileBackend } from '../../src/jobs/sqlite/open-file-backend.ts'
import { deliveriesOf } from '../jobs/queue-contract.ts'

const hourMs = 3_600_000

test('a call-back that is sent again has as long as its integration gives to call-backs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'magegate-redeliver-'))
  const settings = { file: join(folder, 'jobs.sqlite'), keepMs: hourMs, keepDeadMs: hourMs }
  const backend = await openFileBackend(settings, (error) => {
    throw error
  })
  const nowMs = Date.now()
  const job = {
    id: 'job',
    owner: 'acme-erp',
    requestId: 'r',
    traceId: 't',
    traceFlags: '01',
    method: 'POST',
    route: 'POST /V1/products',
    acceptedAtMs: nowMs,
    expiresAtMs: nowMs + 1_000,
  }
  const ended = { state: 'done', endedAtMs: nowMs } as const
  await backend.store.add(job)
  await backend.store.change('job', ended)
  await backend.callbacks.put(callbackEntry({ ...job, ...ended, attempts: 1 }, nowMs, hourMs))
  const deliveries = deliveriesOf(backend.callbacks)
  const first = await deliveries.next()
  first.settle({ state: 'dead', reason: 'STATUS_410' })
  while ((await backend.callbacks.depth()).dead === 0);

  const lives: Readonly<Record<string, number>> = { 'acme-erp': 3 * hourMs }
  const outcome = await redeliver('job', backend, nowMs, (owner) => lives[owner])
  assert.equal(outcome, 'put back')
  const again = await deliveries.next()
  assert.equal(again.delivery.id, first.delivery.id)
  assert.equal(again.delivery.expiresAtMs, nowMs + 3 * hourMs)
  again.settle({ state: 'done' })
  await backend.callbacks.close(1_000)
  await backend.jobs.close(0)
  await backend.close()
  await rm(folder, { recursive: true })
})
