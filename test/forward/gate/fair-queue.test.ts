import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { newLine, openFairQueue, type QueueLine } from '../../../src/forward/gate/fair-queue.ts'

/** Takes everything out, and gives the first letters of it. */
function drain(queue: { readonly shift: () => string | undefined }): string {
  let order = ''
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) order += item[0]
  return order
}

function openWith(limit: number) {
  const queue = openFairQueue<string>(() => limit)
  const fill = (line: QueueLine<string>, letter: string, count: number) =>
    Array.from({ length: count }, (_, index) => queue.push(line, `${letter}${index}`))
  return { queue, fill }
}

describe('the order', () => {
  test('of one line is that in which its items came', () => {
    const { queue, fill } = openWith(10)
    fill(newLine(1, 1), 'a', 3)
    assert.deepEqual([queue.shift(), queue.shift(), queue.shift()], ['a0', 'a1', 'a2'])
    assert.equal(queue.shift(), undefined)
  })

  test('of two lines takes turns, however many one of them has', () => {
    const { queue, fill } = openWith(100)
    fill(newLine(1, 1), 'a', 8)
    fill(newLine(1, 1), 'b', 3)
    assert.equal(drain(queue), 'abababaaaaa')
  })

  test('goes by weight', () => {
    const { queue, fill } = openWith(100)
    fill(newLine(3, 1), 'a', 9)
    fill(newLine(1, 1), 'b', 3)
    const order = drain(queue)
    for (const end of [4, 8, 12]) assert.equal(order.slice(0, end).split('b').length - 1, end / 4)
  })

  test('goes by cost: a line whose items cost twice as much is served half as often', () => {
    const { queue, fill } = openWith(100)
    fill(newLine(1, 2), 'a', 6)
    fill(newLine(1, 1), 'b', 6)
    assert.match(drain(queue).slice(0, 9), /^(?=(?:.*b){6})(?=(?:.*a){3})/)
  })

  test('serves a new line next, and gives it nothing for the time before', () => {
    const { queue, fill } = openWith(100)
    fill(newLine(1, 1), 'a', 10)
    for (let taken = 0; taken < 5; taken += 1) queue.shift()
    fill(newLine(1, 1), 'b', 3)
    assert.equal(drain(queue), 'bababaaa')
  })
})

test('a line that returns as soon as it was served does not overtake those that wait', () => {
  const { queue, fill } = openWith(100)
  fill(newLine(1, 1), 'a', 10)
  const back = newLine<string>(1, 1)
  let order = ''
  for (let turn = 0; turn < 8; turn += 1) {
    if (back.waiting.length === 0) fill(back, 'b', 1)
    order += queue.shift()?.[0]
  }
  assert.equal(order, 'abababab')
})

describe('a full queue', () => {
  test('refuses the line that is longest', () => {
    const { queue, fill } = openWith(3)
    assert.deepEqual(fill(newLine(1, 1), 'a', 5), [undefined, undefined, undefined, 'a3', 'a4'])
    assert.equal(queue.size(), 3)
  })

  test('makes room for a shorter line by refusing the last item of the longest', () => {
    const { queue, fill } = openWith(4)
    fill(newLine(1, 1), 'a', 4)
    assert.deepEqual(fill(newLine(1, 1), 'b', 3), ['a3', 'a2', 'b2'])
    assert.equal(drain(queue), 'abab')
  })

  test('refuses the item that has come if its line is then as long as the longest', () => {
    const { queue, fill } = openWith(3)
    fill(newLine(1, 1), 'a', 2)
    assert.deepEqual(fill(newLine(1, 1), 'b', 2), [undefined, 'b1'])
    assert.equal(drain(queue), 'aba')
  })

  test('lets a heavier line have more of the room', () => {
    const { queue, fill } = openWith(4)
    fill(newLine(1, 1), 'a', 4)
    assert.deepEqual(fill(newLine(3, 1), 'b', 4), ['a3', 'a2', 'a1', 'b3'])
    assert.equal(queue.size(), 4)
  })

  test('refuses every item if it has no room at all', () => {
    const { queue, fill } = openWith(0)
    assert.deepEqual(fill(newLine(1, 1), 'a', 1), ['a0'])
    assert.equal(queue.shift(), undefined)
  })
})

test('an item that leaves is not served, and those behind it move up', () => {
  const { queue, fill } = openWith(10)
  const line = newLine<string>(1, 1)
  fill(line, 'a', 3)
  assert.equal(queue.remove(line, 'a1'), true)
  assert.equal(queue.remove(line, 'a1'), false)
  assert.deepEqual([queue.shift(), queue.shift(), queue.shift()], ['a0', 'a2', undefined])
  assert.equal(queue.remove(line, 'a0'), false)
})

type Step =
  | { readonly do: 'push'; readonly line: number }
  | { readonly do: 'shift' }
  | { readonly do: 'leave'; readonly line: number }
  | { readonly do: 'cost'; readonly line: number; readonly cost: number }

const lineCount = 4
const lineIndex = fc.nat({ max: lineCount - 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('push' as const), line: lineIndex }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('shift' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), line: lineIndex }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('cost' as const),
      line: lineIndex,
      cost: fc.integer({ min: 1, max: 8 }),
    }),
  },
)

test('two lines that both wait never differ by more than one item of each, whatever comes and leaves', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 10 }), { minLength: lineCount, maxLength: lineCount }),
      fc.array(step, { minLength: 20, maxLength: 300 }),
      (weights, steps) => {
        const queue = openFairQueue<number>(() => 1000)
        const lines = weights.map((weight) => ({
          line: newLine<number>(weight, 1),
          served: 0,
          dearest: 1,
        }))
        const pairs = lines.flatMap((one, index) =>
          // What each had had when both began to wait; undefined while they do not.
          lines.slice(index + 1).map((other) => ({ one, other, since: undefined as Since })),
        )
        for (const each of steps) {
          if (each.do === 'shift') {
            const taken = lines[queue.shift() ?? -1]
            if (taken !== undefined) {
              taken.served += taken.line.cost / taken.line.weight
              taken.dearest = Math.max(taken.dearest, taken.line.cost)
            }
          } else {
            const { line } = lines[each.line] as (typeof lines)[number]
            if (each.do === 'push') queue.push(line, each.line)
            else if (each.do === 'leave') queue.remove(line, each.line)
            else line.cost = each.cost
          }
          for (const pair of pairs) {
            const { one, other, since } = pair
            const ahead = one.served - other.served
            const bound = one.dearest / one.line.weight + other.dearest / other.line.weight
            if (since !== undefined) assert.ok(Math.abs(ahead - since) <= bound + 1e-6)
            const bothWait = one.line.waiting.length > 0 && other.line.waiting.length > 0
            pair.since = bothWait ? (since ?? ahead) : undefined
          }
        }
        const waiting = lines.reduce((sum, { line }) => sum + line.waiting.length, 0)
        assert.equal(queue.size(), waiting)
      },
    ),
    { numRuns: 500 },
  )
})

type Since = number | undefined
