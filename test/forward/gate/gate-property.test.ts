import assert from 'node:assert/strict'
import { afterEach, mock, test } from 'node:test'
import fc from 'fast-check'
import type { GateRules } from '../../../src/forward/gate/gate-settings.ts'
import { openUpstreamGate } from '../../../src/forward/gate/upstream-gate.ts'
import type { Guest } from '../../../src/forward/gate/waiting-room.ts'

const circuitBreaker = { failureShare: 0.5, windowMs: 10_000, openMs: 500, failsReadiness: false }
const ms = fc.constantFrom(1, 50, 100, 1_000)
const index = fc.nat(20)

const rulesOfGate = fc
  .record({
    connections: fc.integer({ min: 1, max: 4 }),
    maxWaiting: fc.nat(4),
    mode: fc.constantFrom('enforce' as const, 'reportOnly' as const, 'off' as const),
    trialCalls: fc.integer({ min: 1, max: 3 }),
    minimumCalls: fc.integer({ min: 1, max: 3 }),
  })
  .map(
    ({ connections, maxWaiting, ...breaker }): GateRules => ({
      connections,
      queue: { maxWaiting, maxWaitMs: 100 },
      circuitBreaker: { ...circuitBreaker, ...breaker },
      weights: new Map([['acme', 2]]),
    }),
  )

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ enter: fc.constantFrom('acme', 'globex', undefined), withinMs: ms }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ leave: index, hasFailed: fc.constantFrom(true, false, undefined), ms }),
  },
  { weight: 3, arbitrary: fc.record({ leaveQueue: index }) },
  { weight: 2, arbitrary: fc.record({ passMs: ms }) },
  { weight: 2, arbitrary: fc.record({ rules: rulesOfGate }) },
  { weight: 1, arbitrary: fc.constant('tryNow' as const) },
)

afterEach(() => mock.timers.reset())

test('a gate gives every place back, and lets nobody wait beside a free one, whatever happens in which order', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  await fc.assert(
    fc.asyncProperty(
      rulesOfGate,
      fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }),
      async (startRules, steps) => {
        let now = 1_000
        let rules = startRules
        const gate = openUpstreamGate(rules, () => now, {
          onShed: () => undefined,
          onWaited: () => undefined,
          onCircuit: () => undefined,
        })
        const under: { readonly pass: number; readonly guest: Guest }[] = []
        const waiting: Guest[] = []

        function enter(verified: string | undefined, withinMs: number): void {
          const guest: Guest = { verified }
          const entered = gate.enter(guest, withinMs)
          if (typeof entered === 'number') under.push({ pass: entered, guest })
          if (!(entered instanceof Promise)) return
          waiting.push(guest)
          void entered.then((result) => {
            waiting.splice(waiting.indexOf(guest), 1)
            if (typeof result === 'number') under.push({ pass: result, guest })
          })
        }
        function leave(at: number, hasFailed: boolean | undefined, durationMs: number): void {
          const [one] = under.splice(at % Math.max(1, under.length), 1)
          if (one !== undefined) gate.leave(one.pass, one.guest, hasFailed, durationMs)
        }
        async function check(): Promise<void> {
          await new Promise(setImmediate)
          const { inFlight, waiting: inQueue } = gate.status()
          assert.deepEqual([inFlight, inQueue], [under.length, waiting.length])
          if (inQueue > 0) assert.ok(inFlight >= rules.connections)
        }

        for (const each of steps) {
          if (each === 'tryNow') gate.tryNow()
          else if ('enter' in each) enter(each.enter, each.withinMs)
          else if ('leave' in each) leave(each.leave, each.hasFailed, each.ms)
          else if ('leaveQueue' in each) waiting[each.leaveQueue]?.leaveQueue?.()
          else if ('rules' in each) {
            rules = each.rules
            gate.configure(rules)
          } else {
            now += each.passMs
            mock.timers.tick(each.passMs)
          }
          await check()
        }
        while (under.length > 0) {
          leave(0, undefined, 1)
          await check()
        }
        // Once Magento works again, everything is let through: no trial request has kept its place.
        now += circuitBreaker.openMs
        for (let count = 0; count < 20; count += 1) {
          enter(count % 2 === 0 ? 'acme' : 'globex', 1)
          assert.equal(under.length, 1)
          leave(0, false, 1)
        }
      },
    ),
    { numRuns: 200 },
  )
})
