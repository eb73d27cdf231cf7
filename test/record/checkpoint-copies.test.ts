import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { copyCheckpoints } from '../../src/record/checkpoint-copies.ts'

/** Lets what has been promised so far happen. */
const settled = () => new Promise(setImmediate)

test('a second place that is away is told of, and gets all in order when it is back', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const arrived: string[] = []
  const errors: unknown[] = []
  const away = new Error('away')
  let isAway = true
  const copies = copyCheckpoints(
    async (line) => {
      if (isAway) throw away
      arrived.push(line)
    },
    (error) => errors.push(error),
  )
  try {
    for (const line of ['one', 'two', 'three']) copies.add(line)
    await settled()
    mock.timers.tick(5000)
    await settled()
    assert.deepEqual([arrived, errors], [[], [away, away]])
    isAway = false
    mock.timers.tick(5000)
    await settled()
    assert.deepEqual(arrived, ['one', 'two', 'three'])
    copies.add('four')
    await copies.close()
    assert.deepEqual(arrived, ['one', 'two', 'three', 'four'])
  } finally {
    mock.timers.reset()
  }
})
