import assert from 'node:assert/strict'
import { test } from 'node:test'
import { queryObjects } from 'node:v8'
import { arrivingBodies } from '../../src/server/arriving-bodies.ts'

test('nothing is kept of addresses and owners whose bodies have gone', () => {
  const arriving = arrivingBodies(() => 1_000)
  function pass(name: string): void {
    const body = { address: name, owner: name }
    arriving.add(body, 1)
    arriving.remove(body, 1)
  }
  pass('192.0.2.1')
  const sets = queryObjects(Set, { format: 'count' })
  for (let count = 0; count < 100; count += 1) pass(`2001:db8:${count}::`)
  assert.equal(queryObjects(Set, { format: 'count' }), sets)
})

test('an address is given up first only while its bodies have more than its share', () => {
  const arriving = arrivingBodies(() => 1_000)
  const first = { address: '192.0.2.1', owner: 'first' }
  const [large, small] = ['large', 'small'].map((owner) => ({ address: '192.0.2.2', owner }))
  assert.ok(large !== undefined && small !== undefined)
  arriving.add(first, 1)
  arriving.add(large, 1_000)
  assert.equal(arriving.next(), first)
  arriving.add(small, 1)
  assert.equal(arriving.next(), large)
  arriving.remove(large, 1_000)
  assert.equal(arriving.next(), first)
})
