import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import type { QueueDepth } from '../../src/jobs/durable-queue.ts'
import { openCallbackMetrics } from '../../src/record/metrics/callback-metrics.ts'
import { exposition } from '../../src/record/metrics/exposition.ts'

function scraped(depth: () => Promise<QueueDepth>) {
  const registry = new Registry()
  const countSent = openCallbackMetrics(registry, depth, () => 100_000)
  const lines = async () =>
    (await text(exposition(registry))).split('\n').filter((line) => /^[^#]/.test(line))
  return { countSent, lines }
}

test('a scrape shows what is in the queue now, asked once, and how old the oldest is', async () => {
  let asked = 0
  const { countSent, lines } = scraped(async () => {
    asked += 1
    return { waiting: 3, running: 2, dead: 1, oldestPutAtMs: 40_000 }
  })
  countSent('acme-erp', 'delivered')
  countSent('acme-erp', 'failed')
  assert.deepEqual(await lines(), [
    'magegate_callbacks{state="waiting"} 3',
    'magegate_callbacks{state="running"} 2',
    'magegate_callbacks{state="dead"} 1',
    'magegate_callbacks_away 0',
    'magegate_callbacks_oldest_age_seconds 60',
    'magegate_callbacks_sent_total{integration="acme-erp",outcome="delivered"} 1',
    'magegate_callbacks_sent_total{integration="acme-erp",outcome="failed"} 1',
  ])
  assert.equal(asked, 1)
})

test('a queue that cannot be read has no figures but says so, and the scrape succeeds', async () => {
  let isAway = false
  const { lines } = scraped(async () => {
    if (isAway) throw new Error('away')
    return { waiting: 0, running: 0, dead: 0, oldestPutAtMs: undefined }
  })
  assert.equal((await lines()).length, 5)
  isAway = true
  assert.deepEqual(await lines(), ['magegate_callbacks_away 1'])
  isAway = false
  assert.equal((await lines()).length, 5)
})
