import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { pino } from 'pino'
import { guardRedis, redisErrorCode } from '../../src/store/redis-guard.ts'

/** A log whose lines are their error codes, or `back`. */
function listedLog(lines: string[]) {
  const write = (line: string) => lines.push(JSON.parse(line).errorCode ?? 'back')
  return pino({}, { write })
}

test('nothing waits beyond the deadline for a client that never gives up, and what comes later is undone', async () => {
  const lines: string[] = []
  const log = pino({ base: null }, { write: (line: string) => lines.push(line) })
  const actions = {
    probe: () => new Promise(() => undefined),
    reconnect: () => {},
  }
  const guard = guardRedis(actions, { deadlineMs: 20, log, shared: 'limits' })
  const late = Promise.withResolvers<string>()
  const undone = Promise.withResolvers<string>()
  const question = {
    slotKey: 'acme',
    ask: () => late.promise,
    fallback: () => 'by itself',
    discard: undone.resolve,
  }
  assert.deepEqual(await Promise.all([guard.ask(question), guard.ask(question)]), [
    'by itself',
    'by itself',
  ])
  assert.equal(lines.length, 1)
  late.resolve('by Redis')
  assert.equal(await undone.promise, 'by Redis')
  guard.close()
})

test('tells each cause of an outage once, and not what an earlier question has met', async () => {
  const lines: string[] = []
  const actions = { probe: () => Promise.reject(new Error('away')), reconnect: () => {} }
  const log = listedLog(lines)
  const guard = guardRedis(actions, { deadlineMs: 60_000, log, shared: 'limits' })
  const asked = Promise.withResolvers<string>()
  const answer = guard.ask({
    slotKey: 'acme',
    ask: () => asked.promise,
    fallback: () => 'by itself',
  })
  guard.lost('CLOSED')
  const flushed = new Error('Reached the max retries per request limit (which is 0).')
  asked.reject(Object.assign(flushed, { name: 'MaxRetriesPerRequestError' }))
  assert.equal(await answer, 'by itself')
  for (const code of [
    'ECONNREFUSED',
    'CLOSED',
    'ECONNREFUSED',
    'WRONGPASS',
    'Error',
    'WRONGPASS',
  ]) {
    guard.lost(code)
  }
  assert.deepEqual(lines, ['CLOSED', 'ECONNREFUSED', 'WRONGPASS'])
  guard.close()
})

test('tells the first ten losses of a Redis that is slow now and then, and after that each that lasts', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const lines: string[] = []
  let isThere = true
  const actions = {
    probe: () => (isThere ? Promise.resolve() : Promise.reject(new Error('away'))),
    reconnect: () => {},
  }
  let losses = 0
  const metrics = { lost: () => (losses += 1), fellBack: () => {} }
  const guard = guardRedis(actions, {
    deadlineMs: 60_000,
    log: listedLog(lines),
    shared: 'limits',
    metrics,
  })
  async function probeOnce(): Promise<void> {
    t.mock.timers.tick(250)
    await nextTurn()
  }
  for (let loss = 0; loss < 30; loss += 1) {
    guard.lost('TIMEOUT')
    await probeOnce()
    assert.equal(guard.isAway(), false)
  }
  assert.equal(losses, 30)
  assert.deepEqual(lines, new Array(10).fill(['TIMEOUT', 'back']).flat())
  lines.length = 0
  isThere = false
  guard.lost('TIMEOUT')
  for (let probe = 0; probe < 10; probe += 1) await probeOnce()
  isThere = true
  await probeOnce()
  assert.deepEqual(lines, ['TIMEOUT', 'back'])
  lines.length = 0
  guard.lost('CLOSED')
  guard.lost('ECONNREFUSED')
  assert.deepEqual(lines, ['CLOSED', 'ECONNREFUSED'])
  guard.close()
})

test('tells of nothing any more once it is closed', async () => {
  const lines: string[] = []
  const probed = Promise.withResolvers<() => void>()
  const actions = {
    probe: () => new Promise<void>((resolve) => probed.resolve(resolve)),
    reconnect: () => {},
  }
  const settings = { deadlineMs: 60_000, log: listedLog(lines), shared: 'limits' }
  const there = guardRedis(actions, settings)
  there.close()
  there.lost('CLOSED')
  assert.equal(there.isAway(), false)
  const away = guardRedis(actions, settings)
  away.lost('CLOSED')
  const succeed = await probed.promise
  away.close()
  away.lost('ECONNREFUSED')
  succeed()
  await nextTurn()
  assert.deepEqual(lines, ['CLOSED'])
})

test('tells a cause that was the first one no second time, and one without a code if it knows no other', () => {
  const lines: string[] = []
  const actions = { probe: () => new Promise(() => undefined), reconnect: () => {} }
  const settings = { deadlineMs: 60_000, log: listedLog(lines), shared: 'limits' }
  for (const codes of [
    ['ECONNREFUSED', 'ECONNREFUSED'],
    ['CLOSED', 'Error', 'Error'],
  ]) {
    const guard = guardRedis(actions, settings)
    for (const code of codes) guard.lost(code)
    guard.close()
  }
  assert.deepEqual(lines, ['ECONNREFUSED', 'CLOSED', 'Error'])
})

test('looks for the primary again only if a probe finds a replica', async () => {
  const readOnly = new Error("READONLY You can't write against a read only replica.")
  const back = Promise.withResolvers<void>()
  const probes = [new Error('CLUSTERDOWN The cluster is down'), readOnly, undefined]
  const tried: string[] = []
  const actions = {
    probe: async () => {
      const error = probes.shift()
      tried.push(redisErrorCode(error))
      if (error !== undefined) throw error
    },
    reconnect: () => tried.push('reconnect'),
  }
  const log = pino({ enabled: false })
  const guard = guardRedis(actions, { deadlineMs: 1_000, log, shared: 'limits' })
  guard.onBack(back.resolve)
  guard.lost('CLOSED')
  await back.promise
  assert.deepEqual(tried, ['CLUSTERDOWN', 'READONLY', 'reconnect', 'UNKNOWN'])
  guard.close()
})
