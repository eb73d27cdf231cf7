import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { lookupsInTurn } from '../../src/callbacks/lookups-in-turn.ts'

/** A resolver that answers when it is told to, with a clock that goes on when it is told to. */
function heldResolver() {
  const held: { name: string; answer: PromiseWithResolvers<readonly string[]> }[] = []
  let nowMs = 0
  const resolve = lookupsInTurn(
    (name) => {
      const answer = Promise.withResolvers<readonly string[]>()
      held.push({ name, answer })
      return answer.promise
    },
    () => nowMs,
  )
  const answerTo = (name: string) => held.findLast((each) => each.name === name)?.answer
  return {
    resolve,
    answerTo,
    names: () => held.map(({ name }) => name),
    /** Looks a name up whose DNS servers do not answer. */
    hang: async (name: string) => {
      const failed = assert.rejects(resolve(name))
      await idle()
      nowMs += 10_000
      answerTo(name)?.reject(Object.assign(new Error('no answer'), { code: 'EAI_AGAIN' }))
      await failed
    },
  }
}

/** Everything that has been promised is done then. */
const idle = () => new Promise((resolve) => setImmediate(resolve))

describe('lookups of receivers', () => {
  test('wait for those whose DNS servers are slow only if their own are', async () => {
    const { resolve, answerTo, names, hang } = heldResolver()
    await hang('slow.example')
    await hang('slower.example')
    const slow = resolve('slow.example')
    const slower = resolve('slower.example')
    await idle()
    assert.deepEqual(names().slice(2), ['slow.example'])
    for (const name of ['fast.example', 'faster.example']) {
      const fast = resolve(name)
      await idle()
      answerTo(name)?.resolve(['192.0.2.2'])
      assert.deepEqual(await fast, ['192.0.2.2'])
    }
    assert.ok(!names().slice(2).includes('slower.example'))
    answerTo('slow.example')?.resolve(['192.0.2.1'])
    assert.deepEqual(await slow, ['192.0.2.1'])
    await idle()
    assert.equal(names().at(-1), 'slower.example')
    // This one has answered fast, so that it waits no more.
    void resolve('slow.example')
    await idle()
    assert.equal(names().at(-1), 'slow.example')
    answerTo('slower.example')?.resolve(['192.0.2.3'])
    assert.deepEqual(await slower, ['192.0.2.3'])
  })

  test('are two at once, and the others wait for their turns', async () => {
    const { resolve, answerTo, names } = heldResolver()
    const all = ['one', 'two', 'three', 'four'].map((name) => resolve(`${name}.example`))
    await idle()
    assert.deepEqual(names(), ['one.example', 'two.example'])
    const error = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
    answerTo('two.example')?.reject(error)
    await assert.rejects(Promise.race([...all.slice(1)]), error)
    await idle()
    assert.deepEqual(names().slice(2), ['three.example'])
    answerTo('one.example')?.resolve(['192.0.2.1'])
    await idle()
    assert.deepEqual(names().slice(3), ['four.example'])
  })

  test('of the same name are one, until it has ended', async () => {
    const { resolve, answerTo, names } = heldResolver()
    const both = [resolve('slow.example'), resolve('slow.example')]
    await idle()
    answerTo('slow.example')?.resolve(['192.0.2.1'])
    assert.deepEqual(await Promise.all(both), [['192.0.2.1'], ['192.0.2.1']])
    await idle()
    assert.equal(names().length, 1)
    const later = resolve('slow.example')
    await idle()
    answerTo('slow.example')?.resolve(['192.0.2.9'])
    assert.deepEqual(await later, ['192.0.2.9'])
  })
})
