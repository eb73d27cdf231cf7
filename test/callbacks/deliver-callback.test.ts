import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { callbackEntry, readCallback, writeCallback } from '../../src/callbacks/callback-entry.ts'
import type { CallbackSettings } from '../../src/callbacks/callback-settings.ts'
import { type CallbackEnd, prepareDelivery } from '../../src/callbacks/deliver-callback.ts'
import { prepareReceiver } from '../../src/callbacks/receiver.ts'
import { Secret } from '../../src/contract/secret.ts'
import type { Delivery, Settlement } from '../../src/jobs/durable-queue.ts'
import { callbackEnv, loadedCallback } from '../support/callbacks.ts'
import { endedJob } from '../support/ended-job.ts'
import { type TestClock, testClock } from '../support/services.ts'
import { startReceiver, status, type WebhookReceiver } from '../support/webhook-receiver.ts'

const dayMs = 86_400_000
/** Settings of one call-back at a time, whose waits tests tell apart. */
const settingsOf = ({ url }: WebhookReceiver, change: Partial<CallbackSettings> = {}) =>
  loadedCallback(url, {
    concurrency: 1,
    timeoutMs: 20_000,
    retry: { firstMs: 5_000, longestMs: 3_600_000, giveUpAfterMs: dayMs },
    ...change,
  })

function deliveryOf(clock: TestClock, change: Partial<Delivery> = {}): Delivery {
  return {
    ...callbackEntry(endedJob, clock(), dayMs),
    attempts: 1,
    isInterrupted: false,
    signal: new AbortController().signal,
    ...change,
  }
}

/** What delivers to receivers by the name of their integration. */
function deliverer(
  receivers: Readonly<Record<string, CallbackSettings>>,
  clock: TestClock,
  record = async () => {},
  // Receivers verify against the real time.
  wallClock = Date.now,
) {
  const ends: CallbackEnd[] = []
  const failures: string[] = []
  const resolve = async () => ['127.0.0.1']
  const prepared = new Map(
    Object.entries(receivers).map(([owner, settings]) => [
      owner,
      prepareReceiver(settings, { resolve, clock: wallClock }),
    ]),
  )
  const handle = prepareDelivery({
    receiverOf: (owner) => prepared.get(owner),
    onEnd: async (end) => {
      await record()
      ends.push(end)
    },
    onFailure: (owner) => void failures.push(owner),
    clock,
    random: () => 0,
  })
  return { handle, ends, failures }
}

function retried(settlement: Settlement) {
  assert.equal(settlement.state, 'retry')
  return settlement as Extract<Settlement, { state: 'retry' }>
}

describe('a call-back', () => {
  test('is verified by whoever has its secret, both while two are in use', async () => {
    await using receiver = await startReceiver()
    const clock = testClock()
    const settings = settingsOf(receiver, {
      secrets: [callbackEnv.NEXT_WEBHOOK_SECRET, callbackEnv.WEBHOOK_SECRET].map(
        (each) => new Secret(each),
      ),
    })
    const { handle, ends } = deliverer({ 'acme-erp': settings }, clock)
    assert.deepEqual(await handle(deliveryOf(clock)), { state: 'done' })
    const [webhook] = receiver.received
    assert.equal(webhook?.headers['webhook-id'], `msg_${endedJob.id}_${endedJob.endedAtMs}`)
    for (const each of Object.values(callbackEnv)) {
      const verified = new Webhook(each).verify(webhook?.body ?? '', webhook?.headers ?? {})
      assert.equal((verified as { type: string }).type, 'job.succeeded')
    }
    const [end] = ends
    assert.equal(end?.outcome, 'delivered')
    assert.equal(end?.status, 204)
    assert.equal(end?.sendings, 1)
    assert.equal(end?.jobId, endedJob.id)
  })

  test('that failed is sent again, later each time, with the same id and the same payload', async () => {
    await using receiver = await startReceiver({ answer: status(500) })
    const clock = testClock()
    const { handle, ends, failures } = deliverer({ 'acme-erp': settingsOf(receiver) }, clock)
    let delivery = deliveryOf(clock)
    for (const waitMs of [5_000, 10_000, 20_000, 40_000]) {
      const { atMs, reason, isUntouched, payload } = retried(await handle(delivery))
      assert.equal(atMs - clock(), waitMs)
      assert.equal(reason, 'STATUS_500')
      assert.equal(isUntouched, false)
      clock.advance(waitMs)
      assert.ok(payload)
      delivery = { ...delivery, payload, attempts: delivery.attempts + 1 }
    }
    assert.equal(readCallback(delivery.payload).sendings, 4)
    receiver.answerWith(status(204))
    assert.deepEqual(await handle(delivery), { state: 'done' })
    assert.equal(ends[0]?.sendings, 5)
    assert.deepEqual(failures, Array(4).fill('acme-erp'))
    assert.equal(receiver.received.length, 5)
    assert.equal(new Set(receiver.received.map(({ body }) => body)).size, 1)
    assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1)
  })

  test('takes the time that it takes, also where the clock is set back meanwhile', async () => {
    const clock = testClock()
    await using receiver = await startReceiver({
      answer: (response, ...asked) => {
        clock.advance(-60_000)
        status(204)(response, ...asked)
      },
    })
    const { handle, ends } = deliverer({ 'acme-erp': settingsOf(receiver) }, clock)
    await handle(deliveryOf(clock))
    assert.ok(Number(ends[0]?.durationMs) > 0)
  })

  test('waits as long as the receiver asks', async () => {
    await using receiver = await startReceiver({ answer: status(429, { 'Retry-After': '600' }) })
    const clock = testClock()
    const { handle } = deliverer({ 'acme-erp': settingsOf(receiver) }, clock)
    assert.equal(retried(await handle(deliveryOf(clock))).atMs - clock(), 600_000)
  })

  test('is dead when it is too old, yet was sent once more', async () => {
    await using receiver = await startReceiver({ answer: status(503) })
    const clock = testClock()
    const { handle, ends, failures } = deliverer({ 'acme-erp': settingsOf(receiver) }, clock)
    const delivery = deliveryOf(clock)
    clock.advance(2 * dayMs)
    assert.deepEqual(await handle(delivery), { state: 'dead', reason: 'STATUS_503' })
    assert.equal(receiver.received.length, 1)
    assert.equal(ends[0]?.outcome, 'dead')
    assert.equal(ends[0]?.reason, 'STATUS_503')
    assert.deepEqual(failures, [])
  })

  test('is dead at once where the receiver wants no more, or where nobody is to be called', async () => {
    await using receiver = await startReceiver({ answer: status(410) })
    const clock = testClock()
    const { handle, ends } = deliverer({ 'acme-erp': settingsOf(receiver) }, clock)
    assert.deepEqual(await handle(deliveryOf(clock)), { state: 'dead', reason: 'STATUS_410' })
    const other = deliveryOf(clock, { owner: 'globex-pim' })
    assert.deepEqual(await handle(other), { state: 'dead', reason: 'NO_CALLBACK_CONFIGURED' })
    assert.deepEqual(
      ends.map(({ owner, outcome }) => [owner, outcome]),
      [
        ['acme-erp', 'dead'],
        ['globex-pim', 'dead'],
      ],
    )
  })

  test('that was put back begins anew', async () => {
    await using receiver = await startReceiver({ answer: status(500) })
    const clock = testClock()
    const { handle } = deliverer({ 'acme-erp': settingsOf(receiver) }, clock)
    const first = retried(await handle(deliveryOf(clock)))
    const again = deliveryOf(clock, { payload: first.payload ?? Buffer.alloc(0) })
    assert.equal(retried(await handle(again)).atMs - clock(), 5_000)
  })

  test('that was put back begins anew, also where it is not sent at once', async () => {
    const closing = new AbortController()
    await using receiver = await startReceiver({ answer: () => closing.abort() })
    const clock = testClock()
    const { handle, ends } = deliverer({ 'acme-erp': settingsOf(receiver) }, clock)
    const { payload } = deliveryOf(clock)
    const tried = writeCallback({ ...readCallback(payload), sendings: 9 })
    const putBack = deliveryOf(clock, { payload: tried })
    const settlements = await Promise.all([
      handle({ ...putBack, signal: closing.signal }),
      handle(putBack),
    ])
    const putOff = settlements.map(retried)
    assert.deepEqual(
      putOff.map(({ reason }) => reason),
      ['CLOSED', 'BUSY'],
    )
    receiver.answerWith(status(500))
    for (const { payload: kept } of putOff) {
      assert.ok(kept)
      const next = await handle({ ...putBack, payload: kept, attempts: 2 })
      assert.equal(retried(next).atMs - clock(), 5_000)
    }
    const unwanted = { ...putBack, owner: 'globex-pim' }
    assert.equal((await handle(unwanted)).state, 'dead')
    assert.equal(ends[0]?.sendings, 0)
  })

  test('in the middle of which the queue is closed is sent again', async () => {
    const closing = new AbortController()
    await using receiver = await startReceiver({ answer: () => closing.abort() })
    const clock = testClock()
    // Only the end of the queue ends it.
    const settings = settingsOf(receiver, { timeoutMs: 86_400_000 })
    const { handle, ends } = deliverer({ 'acme-erp': settings }, clock)
    const settlement = await handle(deliveryOf(clock, { signal: closing.signal }))
    const { reason, isUntouched } = retried(settlement)
    assert.deepEqual([reason, isUntouched], ['CLOSED', false])
    assert.deepEqual(ends, [])
  })

  test('whose answer arrived before the queue was closed is not sent again', async () => {
    await using receiver = await startReceiver()
    const clock = testClock()
    const closing = new AbortController()
    // The sender looks at the clock when it signs, and again when it has the answer.
    const closeWhenAnswered = () => {
      if (receiver.received.length > 0) closing.abort()
      return Date.now()
    }
    const { handle } = deliverer(
      { 'acme-erp': settingsOf(receiver) },
      clock,
      undefined,
      closeWhenAnswered,
    )
    const settlement = await handle(deliveryOf(clock, { signal: closing.signal }))
    assert.equal(closing.signal.aborted, true)
    assert.deepEqual(settlement, { state: 'done' })
  })

  test('that cannot be read is a defect, and holds up no other', async () => {
    await using receiver = await startReceiver()
    const clock = testClock()
    const { handle } = deliverer({ 'acme-erp': settingsOf(receiver) }, clock)
    for (const text of ['card 4111', '{}', 'null', '{"payload":"{}"}', '{"sendings":0}']) {
      const unread = deliveryOf(clock, { payload: Buffer.from(text) })
      // No part of it is in the log.
      await assert.rejects(handle(unread), { message: 'this is no call-back' })
    }
    assert.equal(receiver.received.length, 0)
    assert.deepEqual(await handle(deliveryOf(clock)), { state: 'done' })
  })

  test('is settled only when its end has been recorded', async () => {
    await using receiver = await startReceiver()
    const clock = testClock()
    let recorded = 0
    const { handle } = deliverer({ 'acme-erp': settingsOf(receiver) }, clock, async () => {
      await new Promise(setImmediate)
      recorded += 1
    })
    await handle(deliveryOf(clock))
    assert.equal(recorded, 1)
    receiver.answerWith(status(410))
    await handle(deliveryOf(clock))
    assert.equal(recorded, 2)
    await handle(deliveryOf(clock, { owner: 'globex-pim' }))
    assert.equal(recorded, 3)
  })
})

describe('a receiver that hangs', () => {
  test('holds up its own call-backs only, which are put off untouched and without waiting', async () => {
    const stop = new AbortController()
    await using hanging = await startReceiver({ answer: () => undefined })
    await using quick = await startReceiver()
    const clock = testClock()
    const { handle } = deliverer(
      { 'acme-erp': settingsOf(hanging), 'globex-pim': settingsOf(quick) },
      clock,
    )
    const held = handle(deliveryOf(clock, { signal: stop.signal }))
    await hanging.arrived(1)
    const putOff = retried(await handle(deliveryOf(clock)))
    assert.equal(putOff.reason, 'BUSY')
    assert.equal(putOff.isUntouched, true)
    assert.equal(putOff.payload, undefined)
    assert.ok(putOff.atMs > clock())
    const other = deliveryOf(clock, { owner: 'globex-pim' })
    assert.deepEqual(await handle(other), { state: 'done' })
    assert.equal(hanging.received.length, 1)
    stop.abort()
    assert.equal((await held).state, 'retry')
  })
})
