import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whenBack } from '../../src/store/when-back.ts'

test('what Redis is not told while it is away takes no more memory than a bound, and is told in its order', () => {
  let back: () => void = () => assert.fail()
  const guard = {
    onBack: (act: () => void) => {
      back = act
    },
  }
  const told: string[] = []
  const tellLater = whenBack(guard, (text: string) => told.push(text), {
    most: 10,
    sizeOf: ({ length }) => length,
  })
  for (let turn = 0; turn < 2; turn += 1) {
    for (const text of ['first', 'too long', 'then']) tellLater(text)
    assert.deepEqual(told, [])
    back()
    assert.deepEqual(told.splice(0), ['first', 'then'])
  }
})
