import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHealthProbe } from '../../../src/forward/gate/health-probe.ts'
import type { OwnRequest } from '../../../src/forward/own-request.ts'

const settings = { path: '/probe', intervalMs: 1, timeoutMs: 60_000 }

/** The first results of a probe, as they are told, for what each request comes to. */
async function resultsFor(...ends: readonly (number | Error)[]): Promise<unknown[]> {
  const told: unknown[] = []
  const all = Promise.withResolvers<void>()
  let asked = 0
  const probe = startHealthProbe(
    settings,
    async () => {
      const end = ends[asked] as number | Error
      asked += 1
      if (end instanceof Error) throw end
      return { status: end, body: '' }
    },
    (result, reason, isNew) => {
      told.push([result, reason, isNew])
      if (told.length < ends.length) return
      probe.stop()
      all.resolve()
    },
  )
  await all.promise
  return told
}

test('a probe tells whether Magento answers without an error of the server, and when that changes', async () => {
  const refused = Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
  assert.deepEqual(await resultsFor(refused, 500, 404, 200, refused), [
    ['failing', 'ECONNREFUSED', true],
    ['failing', 'status 500', false],
    ['working', 'status 404', true],
    ['working', 'status 200', false],
    ['failing', 'ECONNREFUSED', true],
  ])
  assert.deepEqual(await resultsFor(200), [['working', 'status 200', true]])
})

test('a probe asks for what is configured, with its whole query and within its time', async () => {
  const asked = Promise.withResolvers<OwnRequest>()
  const probe = startHealthProbe(
    { ...settings, path: '/probe?a=1?&b' },
    async (request) => {
      asked.resolve(request)
      return { status: 200, body: '' }
    },
    () => probe.stop(),
  )
  const { method, path, query, timeoutMs } = await asked.promise
  assert.deepEqual([method, path, query, timeoutMs], ['GET', '/probe', 'a=1?&b', 60_000])
})

test('a probe that is stopped between two requests asks no more', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let asked = 0
  const probe = startHealthProbe(
    settings,
    async () => {
      asked += 1
      return { status: 200, body: '' }
    },
    () => undefined,
  )
  await new Promise(setImmediate)
  t.mock.timers.tick(settings.intervalMs)
  await new Promise(setImmediate)
  probe.stop()
  t.mock.timers.tick(settings.intervalMs)
  assert.equal(asked, 2)
})

test('a probe that is stopped while it asks tells nothing more, and asks no more', async () => {
  const answered = Promise.withResolvers<{ status: number; body: string }>()
  let asked = 0
  const probe = startHealthProbe(
    settings,
    () => {
      asked += 1
      return answered.promise
    },
    () => assert.fail(),
  )
  probe.stop()
  answered.resolve({ status: 200, body: '' })
  await new Promise(setImmediate)
  assert.deepEqual([asked, probe.result()], [1, 'unknown'])
})
