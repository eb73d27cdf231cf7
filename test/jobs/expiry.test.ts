import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { after, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type ClientAnswer, globexHeaders, problemOf, send } from '../support/http-client.ts'

import type { MagentoStandIn } from '../support/magento/stand-in.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { scrapeUntil } from '../support/metrics.ts'
import { type JobsGateway, type JobView, startJobsGateway } from './jobs-gateway.ts'

const product = { product: { sku: '24-MB01', price: 35 } }
const items = ['my-sku-123', '24-MB01', 'A/B'].map((sku) => ({ sku, qty: 9 }))

describe('a job that Magento does not take', () => {
  let magento: MagentoStandIn
  let jobs: JobsGateway
  before(async () => {
    magento = await startMagento()
    jobs = await startJobsGateway(
      magento.url,
      {},
      {
        gateway: {
          // Stock items, which are set one by one.
          magento: { circuitBreaker: { mode: 'off' } },
          jobs: {
            retry: { firstMs: 3_600_000, longestMs: 3_600_000 },
            ...{ expiryMinutes: 7, keepHours: 2, keepDeadHours: 5 },
          },
        },
      },
    )
  })
  after(async () => {
    await jobs[Symbol.asyncDispose]()
    await magento.close()
  })
  beforeEach(() => magento.reset())

  /** Has the time of all that wait be over, as another process that has the file could. */
  function letTimePass(): void {
    const db = new DatabaseSync(jobs.file, { timeout: 10_000 })
    db.exec("UPDATE entries SET expires_at_ms = 1, not_before_ms = 1 WHERE state = 'waiting'")
    db.close()
  }

  async function afterFirstAttempt(accepted: ClientAnswer) {
    for (;;) {
      const job = await jobs.show(accepted)
      if (job.state === 'waiting' && job.attempts === 1) return job
    }
  }

  async function endedByTime(accepted: ClientAnswer): Promise<JobView> {
    letTimePass()
    return jobs.ended(accepted)
  }

  test('in the time that it has is over then: expired, and a dead letter', async () => {
    await magento.setFault({ kind: 'maintenance' })
    const accepted = await jobs.write({ body: product })
    const { acceptedAt, expiresAt } = await afterFirstAttempt(accepted)
    assert.equal(Date.parse(expiresAt) - Date.parse(acceptedAt), 7 * 60_000)
    const sent = magento.received.length
    await magento.clearFault()
    const job = await endedByTime(accepted)
    assert.equal(job.state, 'failed')
    assert.equal(job.failure?.code, 'expired')
    assert.equal(job.attempts, 1)
    assert.equal(magento.received.length, sent)
    await scrapeUntil(jobs.gateway, ({ value }) => value('magegate_jobs{state="dead"}') === 1)
  })

  test('is shown for the hours that the configuration says, and its dead letter is kept for those', async () => {
    await magento.setFault({ kind: 'maintenance' })
    const [older, younger] = [
      await jobs.write({ body: product }),
      await jobs.write({ body: product }),
    ]
    for (const accepted of [older, younger]) await afterFirstAttempt(accepted)
    for (const accepted of [older, younger]) await endedByTime(accepted)
    const db = new DatabaseSync(jobs.file, { timeout: 10_000 })
    const idOf = ({ body }: ClientAnswer) => String(JSON.parse(body).jobId)
    const isDead = (accepted: ClientAnswer) =>
      db.prepare("SELECT 1 FROM entries WHERE state = 'dead' AND id = ?").get(idOf(accepted)) !==
      undefined
    const statusOf = async ({ headers }: ClientAnswer) => {
      const path = headers.location ?? ''
      return (await send(jobs.gateway.url, { path, headers: globexHeaders })).status
    }
    while (!isDead(older) || !isDead(younger)) await statusOf(older)
    // As if they had ended half an hour before and after what is due.
    db.exec('BEGIN IMMEDIATE')
    for (const [accepted, overdueHours] of [
      [older, 0.5],
      [younger, -0.5],
    ] as const) {
      const id = idOf(accepted)
      const ago = (hours: number) => Date.now() - hours * 3_600_000
      db.prepare('UPDATE jobs SET ended_at_ms = ? WHERE id = ?').run(ago(2 + overdueHours), id)
      db.prepare('UPDATE entries SET died_at_ms = ? WHERE id = ?').run(ago(5 + overdueHours), id)
    }
    db.exec('COMMIT')
    while ((await statusOf(older)) === 200) await delay(5)
    assert.equal(await statusOf(older), 404)
    assert.equal(await statusOf(younger), 200)
    while (isDead(older)) await statusOf(older)
    assert.ok(isDead(younger))
    db.close()
  })

  test('completely in the time that it has cannot be cancelled, and ends as partial', async () => {
    await magento.setFault({ kind: 'maintenance' }, '/rest/V1/products/24-MB01/stockItems')
    const path = '/rest/V1/magefine/inventaire/bulk'
    const accepted = await jobs.write({ path, body: { items } })
    const waiting = await afterFirstAttempt(accepted)
    assert.equal(magento.stock('my-sku-123'), 9)
    assert.deepEqual(waiting.progress, { total: 3, done: 1, failed: 0 })
    assert.equal(waiting.results, undefined)
    const cancel = await send(jobs.gateway.url, {
      method: 'DELETE',
      path: accepted.headers.location ?? '',
      headers: globexHeaders,
    })
    assert.equal(cancel.status, 409, cancel.body)
    assert.equal(problemOf(cancel).code, 'job-begun')
    const job = await endedByTime(accepted)
    assert.equal(job.state, 'partial')
    assert.equal(job.failure?.code, 'expired')
    assert.deepEqual(job.results, [{ sku: 'my-sku-123', qty: 9, success: true }])
  })
})
