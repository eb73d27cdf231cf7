import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import type { GateRules } from '../../../src/forward/gate/gate-settings.ts'
import { openUpstreamGate, type UpstreamGate } from '../../../src/forward/gate/upstream-gate.ts'
import type { Guest } from '../../../src/forward/gate/waiting-room.ts'
import type { Rejection } from '../../../src/problem.ts'

const rules: GateRules = {
  connections: 2,
  queue: { maxWaiting: 4, maxWaitMs: 1000 },
  circuitBreaker: {
    mode: 'enforce',
    failureShare: 0.5,
    minimumCalls: 4,
    windowMs: 10_000,
    openMs: 5000,
    trialCalls: 1,
    failsReadiness: false,
  },
  weights: new Map(),
}
/** More time than any request here waits. */
const longMs = 60_000

let now: number
let seen: string[]
let gate: UpstreamGate
beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] })
  now = 1000
  seen = []
  gate = openUpstreamGate(rules, () => now, {
    onShed: (reason) => seen.push(reason),
    onWaited: (ms) => seen.push(`waited ${ms}`),
    onCircuit: (state, integration) =>
      seen.push(integration === undefined ? `all ${state}` : state),
  })
})
afterEach(() => mock.timers.reset())

function pass(ms: number): void {
  now += ms
  mock.timers.tick(ms)
}

function guestOf(verified: string): Guest {
  return { verified }
}

/** Lets a request through that does not have to wait. */
function enter(verified = 'acme'): number {
  const entered = gate.enter(guestOf(verified), longMs)
  assert.equal(typeof entered, 'number')
  return entered as number
}

function leave(given: number, hasFailed: boolean | undefined = false, verified = 'acme'): void {
  gate.leave(given, guestOf(verified), hasFailed, 10)
}

describe('while there is a place', () => {
  test('a request goes through at once, without a promise', () => {
    const first = enter()
    enter()
    leave(first)
    enter()
    assert.deepEqual(gate.status(), {
      circuit: 'closed',
      openIntegrations: 0,
      inFlight: 2,
      waiting: 0,
    })
  })
})

describe('while there is none', () => {
  let held: number[]
  beforeEach(() => {
    held = [enter(), enter()]
  })

  test('a request waits, and goes through when another one ends', async () => {
    // Another call of its has waited before.
    const guest: Guest = { ...guestOf('acme'), waitedMs: 50 }
    const waiting = gate.enter(guest, longMs)
    assert.ok(waiting instanceof Promise)
    assert.equal(gate.status().waiting, 1)
    assert.equal(guest.waitsSince, now)
    pass(300)
    leave(held[0] as number)
    assert.equal(typeof (await waiting), 'number')
    assert.deepEqual([guest.waitedMs, guest.waitsSince], [350, undefined])
    assert.deepEqual(gate.status(), {
      circuit: 'closed',
      openIntegrations: 0,
      inFlight: 2,
      waiting: 0,
    })
    assert.deepEqual(seen, ['waited 300'])
  })

  test('integrations take turns', async () => {
    const order: string[] = []
    for (const name of ['acme', 'acme', 'acme', 'globex']) {
      void Promise.resolve(gate.enter(guestOf(name), longMs)).then(() => order.push(name))
    }
    for (let turn = 0; turn < 4; turn += 1) leave(0)
    await new Promise(setImmediate)
    assert.deepEqual(order, ['acme', 'globex', 'acme', 'acme'])
  })

  test('one that has waited for too long is refused with a time to come back', async () => {
    const waiting = gate.enter(guestOf('acme'), longMs)
    pass(1000)
    const { code, reason, retryAfterSeconds } = (await waiting) as Rejection
    assert.deepEqual([code, reason, retryAfterSeconds], ['upstream-busy', 'deadline', 1])
    assert.deepEqual(seen, ['deadline', 'waited 1000'])
    leave(held[0] as number)
    assert.deepEqual(gate.status(), {
      circuit: 'closed',
      openIntegrations: 0,
      inFlight: 1,
      waiting: 0,
    })
  })

  test('one that has less time left than the queue allows waits no longer than that', async () => {
    const waiting = gate.enter(guestOf('acme'), 300)
    pass(299)
    assert.equal(gate.status().waiting, 1)
    pass(1)
    assert.equal(((await waiting) as Rejection).reason, 'deadline')
    assert.deepEqual(seen, ['deadline', 'waited 300'])
  })

  test('without room, the last request of the integration with the most waiting ones is refused', async () => {
    const own = Array.from({ length: 5 }, () => gate.enter(guestOf('acme'), longMs))
    assert.equal(((await own[4]) as Rejection).reason, 'queue-full')
    const other = gate.enter(guestOf('globex'), longMs)
    assert.equal(((await own[3]) as Rejection).reason, 'queue-full')
    leave(held[0] as number)
    leave(held[1] as number)
    assert.equal(typeof (await other), 'number')
    assert.deepEqual(seen, ['queue-full', 'queue-full', 'waited 0', 'waited 0'])
  })

  test('a caller that leaves gives up its place', async () => {
    const guest = guestOf('acme')
    const left = gate.enter(guest, longMs)
    const next = gate.enter(guestOf('acme'), longMs)
    guest.leaveQueue?.()
    assert.equal(await left, undefined)
    assert.equal(gate.status().waiting, 1)
    leave(held[0] as number)
    assert.equal(typeof (await next), 'number')
    assert.equal(guest.leaveQueue, undefined)
  })

  test('a request with an Idempotency-Key stays, since it is carried out all the same', () => {
    const guest: Guest = { verified: 'acme', heldKey: { settle: async () => {} } }
    void gate.enter(guest, longMs)
    assert.equal(guest.leaveQueue, undefined)
  })

  test('a call of an endpoint stays if it is a write that has begun, and no other', () => {
    const upstream = { startedAt: 0, spanId: '00f067aa0ba902b7', origin: 'http://127.0.0.1' }
    for (const [begun, mayLeave] of [
      [{ method: 'POST', upstream }, false],
      [{ method: 'POST', upstream: undefined }, true],
      [{ method: 'GET', upstream }, true],
    ] as const) {
      const guest: Guest = { verified: 'acme', ...begun }
      void gate.enter(guest, longMs)
      assert.equal(guest.leaveQueue !== undefined, mayLeave)
    }
  })

  test('a higher number of places applies at once', async () => {
    const waiting = gate.enter(guestOf('acme'), longMs)
    gate.configure({ ...rules, connections: 3 })
    assert.equal(typeof (await waiting), 'number')
    assert.equal(gate.status().inFlight, 3)
  })
})

const times = (count: number, ms: number) => new Array<number>(count).fill(ms)
for (const [name, ofSlow, ofFast, turns] of [
  ['whose requests take four times as long is served a quarter', times(60, 400), times(60, 100), 8],
  ['of which nothing is known is served as', [], times(60, 10), 20],
  ['that had one slow request is served about half', [...times(60, 100), 800], times(61, 100), 14],
  ['beside one whose requests take no time is still served', times(60, 10), times(60, 0), 4],
] as const) {
  test(`an integration ${name} as often`, async () => {
    gate.configure({ ...rules, queue: { ...rules.queue, maxWaiting: 100 } })
    for (const [index, ms] of ofFast.entries()) {
      gate.leave(enter('fast'), guestOf('fast'), false, ms)
      if (ofSlow.length === 0) continue
      gate.leave(enter('slow'), guestOf('slow'), false, ofSlow[index])
    }
    enter()
    enter()
    const order: string[] = []
    for (const name of ['slow', 'fast']) {
      for (let each = 0; each < 40; each += 1) {
        void Promise.resolve(gate.enter(guestOf(name), longMs)).then(() => order.push(name))
      }
    }
    for (let turn = 0; turn < 40; turn += 1) leave(0)
    await new Promise(setImmediate)
    assert.equal(order.length, 40)
    assert.equal(order.filter((name) => name === 'slow').length, turns)
  })
}

test('one that is refused is told when its turn could come, within a minute', async () => {
  for (const [durationMs, retryAfterSeconds] of [
    [2_000, 4],
    [100_000, 60],
  ] as const) {
    for (let each = 0; each < 60; each += 1) {
      gate.leave(enter(), guestOf('acme'), false, durationMs)
      // One for which nothing was sent.
      gate.leave(enter(), guestOf('acme'), undefined, undefined)
    }
    const inFlight = [enter(), enter()]
    const waiting = Array.from({ length: 5 }, () => gate.enter(guestOf('acme'), longMs))
    assert.equal(((await waiting[4]) as Rejection).retryAfterSeconds, retryAfterSeconds)
    for (const each of inFlight) leave(each)
    for (const each of waiting.slice(0, 4)) leave((await each) as number)
  }
})

describe('while Magento fails', () => {
  function fail(): void {
    for (let each = 0; each < 4; each += 1) leave(enter(), true)
  }

  test('requests are refused at once, with a time to come back', () => {
    fail()
    pass(1500)
    const { code, retryAfterSeconds } = gate.enter(guestOf('acme'), longMs) as Rejection
    assert.deepEqual([code, retryAfterSeconds], ['circuit-open', 4])
    assert.deepEqual(seen, ['open', 'circuit-open'])
  })

  test('those that wait are refused as soon as it is found out', async () => {
    for (let each = 0; each < 3; each += 1) leave(enter(), true)
    const given = enter()
    enter()
    const waiting = ['acme', 'acme', 'acme'].map((name) => gate.enter(guestOf(name), longMs))
    leave(given, true)
    for (const each of await Promise.all(waiting)) {
      assert.equal((each as Rejection).code, 'circuit-open')
    }
    assert.deepEqual(gate.status(), {
      circuit: 'open',
      openIntegrations: 1,
      inFlight: 1,
      waiting: 0,
    })
  })

  test('those of an integration whose requests fail alone are refused, and the others keep waiting', async () => {
    leave(enter('globex'), false, 'globex')
    for (let each = 0; each < 3; each += 1) leave(enter(), true)
    const given = enter()
    enter('globex')
    const [own, other] = ['acme', 'globex'].map((name) => gate.enter(guestOf(name), longMs))
    leave(given, true)
    const { code, retryAfterSeconds } = (await own) as Rejection
    assert.deepEqual([code, retryAfterSeconds], ['circuit-open', 5])
    assert.equal(typeof (await other), 'number')
    assert.equal((gate.enter(guestOf('acme'), longMs) as Rejection).code, 'circuit-open')
    assert.deepEqual(gate.status(), {
      circuit: 'closed',
      openIntegrations: 1,
      inFlight: 2,
      waiting: 0,
    })
  })

  test('it is tried again after a while, and requests pass again if that succeeds', () => {
    fail()
    pass(5000)
    const probe = enter()
    const { code, retryAfterSeconds } = gate.enter(guestOf('acme'), longMs) as Rejection
    assert.deepEqual([code, retryAfterSeconds], ['circuit-open', 1])
    leave(probe)
    enter()
    assert.deepEqual(seen, ['open', 'half-open', 'circuit-open', 'closed'])
  })

  test('a trial whose caller leaves while it waits is given to the next request', async () => {
    enter()
    enter()
    // One place more, for those that fail.
    gate.configure({ ...rules, connections: 3 })
    fail()
    gate.configure(rules)
    pass(5000)
    const guest = guestOf('acme')
    const left = gate.enter(guest, longMs)
    assert.ok(left instanceof Promise)
    guest.leaveQueue?.()
    assert.equal(await left, undefined)
    const trial = gate.enter(guestOf('acme'), longMs)
    assert.ok(trial instanceof Promise)
    leave(0)
    assert.equal(typeof (await trial), 'number')
    const { code } = gate.enter(guestOf('acme'), longMs) as Rejection
    assert.equal(code, 'circuit-open', 'until the trial is over')
  })

  test('with reportOnly requests are sent all the same', () => {
    gate.configure({ ...rules, circuitBreaker: { ...rules.circuitBreaker, mode: 'reportOnly' } })
    fail()
    leave(enter())
    leave(enter(), true)
    assert.equal(gate.status().circuit, 'open')
    pass(5000)
    leave(enter())
    assert.deepEqual(seen, ['open', 'half-open', 'closed'])
  })

  test('with reportOnly those that wait keep waiting for their turn', async () => {
    gate.configure({ ...rules, circuitBreaker: { ...rules.circuitBreaker, mode: 'reportOnly' } })
    for (let each = 0; each < 3; each += 1) leave(enter(), true)
    const given = enter()
    enter()
    const waiting = gate.enter(guestOf('acme'), longMs)
    leave(given, true)
    assert.equal(gate.status().circuit, 'open')
    assert.equal(typeof (await waiting), 'number')
  })

  test('with off nothing is concluded', () => {
    gate.configure({ ...rules, circuitBreaker: { ...rules.circuitBreaker, mode: 'off' } })
    fail()
    fail()
    assert.deepEqual(seen, [])
  })
})

test('a circuit that is open counts as closed while the circuit breaker is off', () => {
  for (let time = 0; time < 4; time += 1) leave(enter(), true)
  const before = gate.status()
  assert.deepEqual([before.circuit, before.openIntegrations], ['open', 1])
  gate.configure({ ...rules, circuitBreaker: { ...rules.circuitBreaker, mode: 'off' } })
  const { circuit, openIntegrations } = gate.status()
  assert.deepEqual([circuit, openIntegrations], ['closed', 0])
  gate.configure(rules)
  assert.deepEqual(gate.status(), before)
})

test('a trial that ends while the circuit breaker is off frees its place for the next one', () => {
  for (let time = 0; time < 4; time += 1) leave(enter(), true)
  pass(5000)
  const probe = enter()
  gate.configure({ ...rules, circuitBreaker: { ...rules.circuitBreaker, mode: 'off' } })
  leave(probe)
  gate.configure(rules)
  leave(enter())
  assert.equal(gate.status().circuit, 'closed')
})
