import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CallbackSettings } from '../../src/callbacks/callback-settings.ts'
import type { CallbackEnd } from '../../src/callbacks/deliver-callback.ts'
import { openCallbacks } from '../../src/callbacks/open-callbacks.ts'
import { prepareReceivers } from '../../src/callbacks/receiver.ts'
import { loadedCallback } from '../support/callbacks.ts'
import { endedJob } from '../support/ended-job.ts'
import { openTestFileBackend } from '../support/file-backend.ts'
import { startReceiver, status } from '../support/webhook-receiver.ts'

/** Call-backs over a real queue, of the integrations that are called back so. */
async function callingBack(settings: Readonly<Record<string, CallbackSettings>>) {
  const backend = await openTestFileBackend()
  const ends: CallbackEnd[] = []
  const ended = Promise.withResolvers<void>()
  let expected = Number.POSITIVE_INFINITY
  const receivers = prepareReceivers(
    Object.entries(settings).map(([name, callback]) => ({ name, callback })),
  )
  const callbacks = openCallbacks(backend.callbacks, {
    receiverOf: (owner) => receivers.get(owner),
    onFailure: () => undefined,
    onEnd: async (end) => {
      ends.push(end)
      if (ends.length >= expected) ended.resolve()
    },
  })
  callbacks.start()
  return {
    queue: backend.callbacks,
    ends,
    /** Ends so many jobs of an integration. */
    endJobs: (owner: string, count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, index) =>
          callbacks.onJobEnd({ ...endedJob, owner, id: `${owner}-${index}` }),
        ),
      ),
    /** Resolves when so many call-backs have ended. */
    ended: (count: number) => {
      expected = count
      if (ends.length >= expected) ended.resolve()
      return ended.promise
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  }
}

describe('the queue of call-backs', () => {
  test('serves fast receivers while others hang, which get no more than their concurrency', async () => {
    await using hanging = await startReceiver({ answer: () => undefined })
    await using quick = await startReceiver()
    await using calling = await callingBack({
      hanging: loadedCallback(hanging.url, { concurrency: 3 }),
      quick: loadedCallback(quick.url),
    })
    // More than fit into all of the queue's slots together.
    await calling.endJobs('hanging', 300)
    await hanging.arrived(3)
    await calling.endJobs('quick', 40)
    await calling.ended(40)
    assert.deepEqual(new Set(calling.ends.map(({ owner }) => owner)), new Set(['quick']))
    assert.equal(new Set(quick.received.map(({ headers }) => headers['webhook-id'])).size, 40)
    assert.equal(hanging.received.length, 3)
  })

  test('brings each of many once to a receiver that takes two at a time', async () => {
    await using receiver = await startReceiver({ certificate: 'none' })
    await using calling = await callingBack({ acme: loadedCallback(receiver.url) })
    await calling.endJobs('acme', 200)
    await calling.ended(200)
    assert.equal(receiver.received.length, 200)
    assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 200)
  })

  test('keeps what is given up, which is delivered when it is put back', async () => {
    await using receiver = await startReceiver({ answer: status(410) })
    await using calling = await callingBack({ acme: loadedCallback(receiver.url) })
    await calling.endJobs('acme', 1)
    await calling.ended(1)
    let letters = await calling.queue.listDead({ limit: 10 })
    while (letters.length === 0) letters = await calling.queue.listDead({ limit: 10 })
    const [{ id, owner, reason } = assert.fail('no dead letter')] = letters
    assert.match(id, /^msg_acme-0_\d+$/)
    assert.deepEqual([owner, reason, letters.length], ['acme', 'STATUS_410', 1])
    receiver.answerWith(status(200))
    assert.equal(await calling.queue.putBack(id, Date.now() + 60_000), true)
    await receiver.arrived(2)
    const [first, second] = receiver.received
    assert.equal(second?.body, first?.body)
    assert.equal(second?.headers['webhook-id'], first?.headers['webhook-id'])
  })

  test('takes one call-back of a job, however often its end is told', async () => {
    await using receiver = await startReceiver({ answer: () => undefined })
    await using calling = await callingBack({ acme: loadedCallback(receiver.url) })
    await Promise.all([calling.endJobs('acme', 1), calling.endJobs('acme', 1)])
    const { waiting, running } = await calling.queue.depth()
    assert.equal(waiting + running, 1)
  })

  test('takes none of an integration that is not called back', async () => {
    await using calling = await callingBack({})
    await calling.endJobs('acme', 1)
    assert.deepEqual(await calling.queue.depth(), {
      waiting: 0,
      waitingOf: new Map(),
      running: 0,
      dead: 0,
      oldestPutAtMs: undefined,
    })
  })

  test('holds up the end of a job until it has the call-back, and shows that it did not take it', async () => {
    const calling = await callingBack({ acme: loadedCallback('https://127.0.0.1/') })
    await calling[Symbol.asyncDispose]()
    await assert.rejects(calling.endJobs('acme', 1), { code: 'EXITED' })
  })
})
