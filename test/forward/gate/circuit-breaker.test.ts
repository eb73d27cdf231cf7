import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import {
  type CircuitBreaker,
  openCircuitBreaker,
} from '../../../src/forward/gate/circuit-breaker.ts'

const rules = { failureShare: 0.5, minimumCalls: 4, windowMs: 1000, openMs: 500, trialCalls: 2 }

let now: number
let states: string[]
let breaker: CircuitBreaker
beforeEach(() => {
  now = 10_000
  states = []
  breaker = openCircuitBreaker(
    rules,
    () => now,
    (state, integration) => states.push(`${integration ?? 'all'} ${state}`),
  )
})

/** Makes calls of an integration that end at once. */
function callOf(integration: string, ...failed: readonly (boolean | undefined)[]): void {
  for (const hasFailed of failed) {
    const pass = breaker.admit(integration)
    assert.ok(pass !== undefined)
    breaker.note(pass, integration, hasFailed)
  }
}

function call(...failed: readonly (boolean | undefined)[]): void {
  callOf('acme', ...failed)
}

describe('a closed circuit', () => {
  test('opens when the share of failures is reached, and not before there are enough calls', () => {
    call(true, true, true)
    assert.equal(breaker.state(), 'closed')
    call(true)
    assert.equal(breaker.state(), 'open')
    assert.equal(breaker.admit('acme'), undefined)
  })

  test('stays closed below the share', () => {
    call(false, false, false, true, true)
    assert.equal(breaker.state(), 'closed')
    call(true)
    assert.equal(breaker.state(), 'open')
  })

  test('forgets what has left the window', () => {
    call(true, true)
    now += 1001
    call(true, true, false)
    assert.equal(breaker.state(), 'closed')
    now += 500
    call(true)
    assert.equal(breaker.state(), 'open')
  })

  test('forgets failures one after the other, as they leave the window', () => {
    call(true, true, true)
    now += 600
    call(false, false, false)
    now += 500
    call(true)
    assert.equal(breaker.state(), 'closed')
  })

  test('does not count calls that say nothing', () => {
    call(true, true, undefined, undefined, true)
    assert.equal(breaker.state(), 'closed')
    call(undefined, undefined, undefined, true)
    assert.equal(breaker.state(), 'open')
  })
})

describe('an open circuit', () => {
  beforeEach(() => call(true, true, true, true))

  test('says how long it stays open, and then lets a few calls through at once', () => {
    assert.equal(breaker.retryAfterMs('acme'), 500)
    now += 499
    assert.equal(breaker.admit('acme'), undefined)
    assert.equal(breaker.retryAfterMs('acme'), 1)
    now += 1
    assert.ok(breaker.admit('acme') !== undefined)
    assert.ok(breaker.admit('acme') !== undefined)
    assert.equal(breaker.admit('acme'), undefined)
    assert.deepEqual(states, ['acme open', 'acme half-open'])
  })

  test('is open no longer than it says, even if nobody calls', () => {
    now += 499
    assert.equal(breaker.state(), 'open')
    now += 1
    assert.equal(breaker.state(), 'half-open')
  })

  test('ignores the ends of calls that were made before', () => {
    const early = openCircuitBreaker(
      rules,
      () => now,
      () => {},
    )
    const passes = Array.from({ length: 6 }, () => early.admit('acme') as number)
    for (const pass of passes.slice(0, 4)) early.note(pass, 'acme', true)
    assert.equal(early.state(), 'open')
    early.note(passes[4] as number, 'acme', false)
    assert.equal(early.state(), 'open')
    now += 500
    const probe = early.admit('acme') as number
    early.note(passes[5] as number, 'acme', true)
    assert.equal(early.state(), 'half-open')
    early.note(probe, 'acme', false)
    early.note(early.admit('acme') as number, 'acme', false)
    assert.equal(early.state(), 'closed')
  })

  test('can be tried at once after a sign of success, and further signs take no success away', () => {
    breaker.tryNow()
    call(false)
    breaker.tryNow()
    call(false)
    assert.equal(breaker.state(), 'closed')
  })
})

describe('a half-open circuit', () => {
  beforeEach(() => {
    call(true, true, true, true)
    now += 500
  })

  test('closes when its calls went well, and counts anew', () => {
    call(false, false)
    assert.equal(breaker.state(), 'closed')
    call(true, true, true)
    assert.equal(breaker.state(), 'closed')
    call(true)
    assert.deepEqual(states, ['acme open', 'acme half-open', 'acme closed', 'acme open'])
  })

  test('lets no more calls through than it takes to close it', () => {
    call(false)
    const last = breaker.admit('acme')
    assert.ok(last !== undefined)
    assert.equal(breaker.admit('acme'), undefined)
    breaker.note(last, 'acme', false)
    assert.equal(breaker.state(), 'closed')
  })

  test('opens again with the first that fails', () => {
    call(false, true)
    assert.equal(breaker.state(), 'open')
    assert.equal(breaker.retryAfterMs('acme'), 500)
  })

  test('lets as many calls through each time that it is half-open', () => {
    call(false, true)
    now += 500
    call(false)
    assert.equal(breaker.state(), 'half-open')
    call(false)
    assert.equal(breaker.state(), 'closed')
    call(true, true, true, true)
    now += 500
    call(false, false)
    assert.equal(breaker.state(), 'closed')
  })

  test('has as many calls the next time, although some were under way when it opened again', () => {
    const passes = [breaker.admit('acme') as number, breaker.admit('acme') as number]
    for (const pass of passes) breaker.note(pass, 'acme', true)
    now += 500
    call(false, false)
    assert.equal(breaker.state(), 'closed')
  })

  test('allows another call in place of one that says nothing', () => {
    call(undefined, undefined, undefined)
    assert.equal(breaker.state(), 'half-open')
    call(false, false)
    assert.equal(breaker.state(), 'closed')
  })
})

test('new rules apply at once, and the state stays', () => {
  call(true, true, true)
  breaker.configure({ ...rules, minimumCalls: 2 })
  call(true)
  assert.equal(breaker.state(), 'closed', 'calls are counted anew')
  call(true)
  assert.equal(breaker.state(), 'open')
  breaker.configure(rules)
  assert.equal(breaker.state(), 'open')
})

test('calls count for as long as new rules say', () => {
  breaker.configure({ ...rules, windowMs: 10_000 })
  call(true, true, true)
  now += 5_000
  call(true)
  assert.equal(breaker.state(), 'open')
})

test('a half-open circuit closes if new rules ask for no more calls than have succeeded', () => {
  call(true, true, true, true)
  now += 500
  call(false)
  breaker.configure({ ...rules, openMs: 1_000 })
  assert.equal(breaker.state(), 'half-open')
  breaker.configure({ ...rules, trialCalls: 1 })
  assert.equal(breaker.state(), 'closed')
  call(false)
})

describe('an integration whose calls fail while those of the others succeed', () => {
  test('is held back alone', () => {
    callOf('globex', false)
    call(true, true, true, true)
    assert.equal(breaker.admit('acme'), undefined)
    assert.equal(breaker.retryAfterMs('acme'), 500)
    assert.equal(breaker.retryAfterMs('globex'), 0)
    callOf('globex', false)
    assert.equal(breaker.state(), 'closed')
    assert.equal(breaker.openIntegrations(), 1)
    assert.deepEqual(states, ['acme open'])
  })

  test('is held back alone even if the others have made no call yet', () => {
    call(true, true, true, true)
    callOf('globex', false)
    assert.equal(breaker.state(), 'closed')
  })

  test('does not add its failures to those of another', () => {
    callOf('globex', false, false, false, true)
    call(true, true, true, true)
    callOf('initech', true)
    callOf('globex', false)
    assert.deepEqual(states, ['acme open'])
  })

  test('is asked to try again by itself, and closes its circuit alone', () => {
    callOf('globex', false)
    call(true, true, true, true)
    now += 500
    assert.equal(breaker.openIntegrations(), 0)
    call(true)
    callOf('globex', false)
    now += 500
    call(false, false)
    assert.deepEqual(states, [
      ...['acme open', 'acme half-open', 'acme open', 'acme half-open', 'acme closed'],
    ])
    call(true, true, true)
    assert.equal(breaker.openIntegrations(), 0, 'its earlier failures are forgotten')
  })

  test('cannot hold the others back while it is found out whether Magento works again', () => {
    call(true, true)
    callOf('globex', true, true)
    now += 500
    call(true)
    assert.equal(breaker.admit('acme'), undefined)
    callOf('globex', false, false)
    callOf('globex', false)
    assert.deepEqual(states, [...['all open', 'all half-open', 'acme open', 'all closed']])
  })

  test('is all that the state tells of while the others make no calls, whose circuits were open once', () => {
    callOf('globex', true, true, true, true)
    now += 500
    callOf('globex', false, false)
    assert.equal(breaker.state(), 'closed')
    now += 1_000
    call(true, true, true, true)
    assert.equal(breaker.state(), 'open')
    callOf('globex', false)
    assert.equal(breaker.state(), 'closed')
    breaker.tryNow()
    assert.equal(breaker.state(), 'closed')
  })

  test('is all that the state tells of as soon as the calls of the others have left the window', () => {
    breaker.configure({ ...rules, openMs: 5_000 })
    callOf('globex', false)
    call(true, true, true, true)
    assert.equal(breaker.state(), 'closed')
    now += 1_000
    assert.equal(breaker.state(), 'open')
  })

  test('is let through again when something shows that Magento works', () => {
    call(true, true, true, true)
    breaker.tryNow()
    call(false, false)
    assert.deepEqual(states, ['acme open', 'acme half-open', 'acme closed'])
  })
})

describe('if the calls of two integrations fail', () => {
  test('all are held back, also who has made no call', () => {
    call(true, true, true)
    callOf('globex', true)
    for (const name of ['acme', 'globex', 'initech']) {
      assert.equal(breaker.admit(name), undefined)
      assert.equal(breaker.retryAfterMs(name), 500)
    }
    assert.deepEqual([breaker.state(), breaker.openIntegrations()], ['open', 0])
  })

  test('the one that failed first is not held back longer than the others', () => {
    call(true, true, true, true)
    now += 400
    callOf('globex', true)
    now += 499
    assert.equal(breaker.admit('acme'), undefined)
    now += 1
    call(false)
    callOf('globex', false)
    assert.deepEqual(states, ['acme open', 'all open', 'all half-open', 'all closed'])
  })

  test('they are tried at once after a sign of success', () => {
    call(true, true)
    callOf('globex', true, true)
    breaker.tryNow()
    call(false)
    callOf('globex', false)
    assert.equal(breaker.state(), 'closed')
  })

  test('their calls from before count no more', () => {
    const early = breaker.admit('initech') as number
    call(true, true)
    callOf('globex', true, true)
    now += 500
    call(false, false)
    breaker.note(early, 'initech', true)
    callOf('globex', true)
    call(true, true)
    assert.equal(breaker.state(), 'closed')
    callOf('globex', true)
    assert.equal(breaker.state(), 'open')
  })

  test('new rules that ask for no more trial calls than have succeeded let all through', () => {
    call(true, true)
    callOf('globex', true, true)
    now += 500
    call(false)
    breaker.configure({ ...rules, trialCalls: 1 })
    assert.equal(breaker.state(), 'closed')
  })

  test('the trial calls that failed the last time do not count the next time', () => {
    for (const [first, second] of [
      ['acme', 'globex'],
      ['globex', 'acme'],
    ] as const) {
      callOf(first, true, true)
      callOf(second, true, true)
      now += 500
      callOf(first, true)
      callOf('initech', false, false)
      now += 500
      callOf(first, false, false)
    }
    const trials = ['acme open', 'all closed', 'acme half-open', 'acme closed']
    assert.deepEqual(states, [
      ...['all open', 'all half-open', ...trials],
      ...['all open', 'all half-open', ...trials.map((each) => each.replace('acme', 'globex'))],
    ])
  })

  test('but those of a third one succeed, each has its own trial calls', () => {
    callOf('initech', ...new Array<boolean>(8).fill(false))
    call(true, true, true, true)
    callOf('globex', true, true, true, true)
    now += 500
    call(true)
    callOf('globex', true)
    callOf('initech', false)
    assert.equal(breaker.state(), 'closed')
    assert.equal(breaker.openIntegrations(), 2)
    now += 800
    call(true)
    now += 200
    assert.equal(breaker.state(), 'half-open', 'of those that call only one may, for a trial')
  })

  test('the second trial call that fails holds all back again', () => {
    call(true, true)
    callOf('globex', true, true)
    now += 500
    call(true)
    assert.equal(breaker.state(), 'half-open')
    callOf('initech', true)
    assert.equal(breaker.state(), 'open')
    now += 500
    call(false, false)
    assert.deepEqual(states, [
      ...['all open', 'all half-open', 'acme open', 'all open', 'all half-open', 'all closed'],
    ])
  })

  test('trial calls of one that fail at the same time open its circuit once', () => {
    call(true, true)
    callOf('globex', true, true)
    now += 500
    const passes = [breaker.admit('acme') as number, breaker.admit('acme') as number]
    for (const pass of passes) {
      breaker.note(pass, 'acme', true)
      now += 100
    }
    assert.deepEqual(states, ['all open', 'all half-open', 'acme open'])
    assert.equal(breaker.retryAfterMs('acme'), 300)
    callOf('globex', true)
    assert.equal(breaker.state(), 'open')
  })

  test('a trial call that an own circuit refuses leaves its place to another one', () => {
    call(true, true)
    callOf('globex', true, true)
    now += 500
    call(true)
    for (let time = 0; time < 3; time += 1) assert.equal(breaker.admit('acme'), undefined)
    callOf('globex', false, false, false)
    assert.equal(breaker.state(), 'closed')
  })
})

test('a trial call gives its place back even if the circuit for all has closed in the meantime', () => {
  call(true, true)
  callOf('globex', true, true)
  now += 500
  const first = breaker.admit('acme') as number
  breaker.note(first, 'acme', true)
  now += 500
  const late = breaker.admit('acme') as number
  callOf('globex', false)
  const last = breaker.admit('globex')
  assert.equal(last, undefined, 'two trial calls are enough')
  breaker.note(late, 'acme', undefined)
  callOf('globex', false)
  call(false, false)
  assert.equal(breaker.openIntegrations(), 0)
  assert.deepEqual(states.slice(-1), ['acme closed'])
})
