import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type BodyShare, openBodyMemory } from '../../src/server/body-memory.ts'

const index = fc.nat(20)
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      address: fc.constantFrom('192.0.2.1', '192.0.2.2', '192.0.2.3'),
      integration: fc.constantFrom(undefined, undefined, 'acme-erp', 'globex-pim'),
    }),
  },
  { weight: 10, arbitrary: fc.record({ grow: index, by: fc.nat(60), isWhole: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ keep: index }) },
  { weight: 4, arbitrary: fc.record({ release: index }) },
  { weight: 1, arbitrary: fc.record({ limit: fc.integer({ min: 20, max: 200 }) }) },
)

interface Body {
  readonly share: BodyShare
  bytes: number
  isArriving: boolean
}

test('the memory is always that of the bodies that are there, and gives up none that has arrived', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 100, size: 'max' }), (steps) => {
      let limit = 100
      const memory = openBodyMemory(() => limit)
      const bodies = new Set<Body>()
      const at = (place: number) => [...bodies][place % Math.max(1, bodies.size)]

      function open(caller: Parameters<typeof memory.open>[0]): void {
        const share = memory.open(caller, () => {
          assert.ok(bodies.delete(body) && body.isArriving)
          share.release()
        })
        const body: Body = { share, bytes: 0, isArriving: true }
        bodies.add(body)
      }
      function grow(body: Body, by: number, isWhole: boolean): void {
        if (!body.isArriving) return
        if (body.share.grow(body.bytes + by, isWhole)) {
          assert.ok(bodies.has(body))
          body.bytes += by
          body.isArriving = !isWhole
          assert.ok(by === 0 || memory.used() <= limit)
        } else release(body)
      }
      function release(body: Body): void {
        body.share.release()
        bodies.delete(body)
      }

      for (const each of steps) {
        if ('address' in each) open(each)
        else if ('limit' in each) limit = each.limit
        else if ('grow' in each) {
          const body = at(each.grow)
          if (body !== undefined) grow(body, each.by, each.isWhole)
        } else if ('keep' in each) {
          const body = at(each.keep)
          body?.share.keep()
          if (body !== undefined) body.isArriving = false
        } else {
          const body = at(each.release)
          if (body !== undefined) release(body)
        }
        assert.equal(
          memory.used(),
          [...bodies].reduce((sum, { bytes }) => sum + bytes, 0),
        )
      }
      for (const body of bodies) release(body)
      assert.equal(memory.used(), 0)
      // Nothing is left that would be given up in place of a body that is there.
      const last = memory.open({ address: '192.0.2.9', integration: undefined }, assert.fail)
      assert.equal(last.grow(limit, false), true)
    }),
    { numRuns: 1_000 },
  )
})
