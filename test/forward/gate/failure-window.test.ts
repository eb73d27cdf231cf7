import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openFailureWindow } from '../../../src/forward/gate/failure-window.ts'

const sliceMs = 100
const slices = 10
const names = ['acme', 'globex', 'initech']

interface Call {
  readonly integration: string
  readonly hasFailed: boolean
  readonly slice: number
}

function countsOf(calls: readonly Call[]) {
  return { calls: calls.length, failures: calls.filter(({ hasFailed }) => hasFailed).length }
}

const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ integration: fc.constantFrom(...names), hasFailed: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ passMs: fc.nat({ max: 400 }) }) },
  { weight: 1, arbitrary: fc.record({ passMs: fc.constantFrom(999, 1_000, 1_001, 5_000) }) },
  { weight: 1, arbitrary: fc.record({ forget: fc.constantFrom(...names) }) },
)

test('a window counts the calls of its last ten slices, in all and by integration', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 80, size: 'max' }), (steps) => {
      const window = openFailureWindow(slices * sliceMs)
      let now = 12_345
      let calls: Call[] = []
      for (const each of steps) {
        if ('passMs' in each) now += each.passMs
        else if ('forget' in each) {
          window.forget(each.forget)
          calls = calls.filter(({ integration }) => integration !== each.forget)
        } else {
          window.note(each.integration, each.hasFailed, now)
          calls.push({ ...each, slice: Math.floor(now / sliceMs) })
        }
        const current = Math.floor(now / sliceMs)
        const counted = calls.filter(({ slice }) => slice > current - slices)
        const ofEach = names.map((name) =>
          countsOf(counted.filter(({ integration }) => integration === name)),
        )
        assert.deepEqual(
          new Set(window.integrations(now)),
          new Set(counted.map(({ integration }) => integration)),
        )
        assert.deepEqual(window.counts(), countsOf(counted))
        assert.deepEqual(
          names.map((name) => window.countsOf(name)),
          ofEach,
        )
        const most = Math.max(...ofEach.map(({ failures }) => failures))
        const besideWorst = ofEach
          .filter(({ failures }) => failures === most)
          .map((worst) => ({
            calls: counted.length - worst.calls,
            failures: countsOf(counted).failures - worst.failures,
          }))
        const beside = window.countsBesideWorst()
        // Without any failure there is no worst one.
        assert.ok(
          most === 0
            ? beside.failures === 0
            : besideWorst.some(
                ({ calls: ofOthers, failures }) =>
                  ofOthers === beside.calls && failures === beside.failures,
              ),
        )
      }
    }),
  )
})
