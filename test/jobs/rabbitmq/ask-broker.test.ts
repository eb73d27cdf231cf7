import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { askWithin } from '../../../src/jobs/rabbitmq/ask-broker.ts'

const answerAtOnce = `
const { parentPort } = require('node:worker_threads')
parentPort.once('message', (state) => {
  parentPort.postMessage('answer')
  Atomics.store(state, 0, 1)
  Atomics.notify(state, 0)
})`

test('an answer counts that came while the process was busy, though its deadline has passed', async () => {
  const worker = new Worker(answerAtOnce, { eval: true })
  await once(worker, 'online')
  // Behind this, timers are called before anything is read.
  await turn()
  const state = new Int32Array(new SharedArrayBuffer(8))
  const asked = askWithin(1)(once(worker, 'message'))
  worker.postMessage(state)
  Atomics.wait(state, 0, 0)
  // Until the deadline has passed for certain.
  Atomics.wait(state, 1, 0, 20)
  assert.deepEqual(await asked, ['answer'])
  await worker.terminate()
})

test('an answer that does not come in time is not waited for', async () => {
  await assert.rejects(askWithin(1)(new Promise(() => undefined)), { code: 'BROKER_TIMEOUT' })
})
