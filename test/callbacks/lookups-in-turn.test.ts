import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { lookupsInTurn } from '../../src/callbacks/lookups-in-turn.ts'

/** A resolver that answers when it is told to. */
function heldResolver() {
  const held: { name: string; answer: PromiseWithResolvers<readonly string[]> }[] = []
  const resolve = lookupsInTurn((name) => {
    const answer = Promise.withResolvers<readonly string[]>()
    held.push({ name, answer })
    return answer.promise
  })
  return { held, resolve, names: () => held.map(({ name }) => name) }
}

/** Everything that has been promised is done then. */
const idle = () => new Promise((resolve) => setImmediate(resolve))

describe('lookups of receivers', () => {
  test('wait for each other', async () => {
    const { held, resolve, names } = heldResolver()
    const first = resolve('slow.example')
    const second = resolve('fast.example')
    await idle()
    assert.deepEqual(names(), ['slow.example'])
    held[0]?.answer.resolve(['192.0.2.1'])
    assert.deepEqual(await first, ['192.0.2.1'])
    await idle()
    assert.deepEqual(names(), ['slow.example', 'fast.example'])
    held[1]?.answer.resolve(['192.0.2.2'])
    assert.deepEqual(await second, ['192.0.2.2'])
  })

  test('of the same name are one, until it has ended', async () => {
    const { held, resolve, names } = heldResolver()
    const both = [resolve('slow.example'), resolve('slow.example')]
    await idle()
    held[0]?.answer.resolve(['192.0.2.1'])
    assert.deepEqual(await Promise.all(both), [['192.0.2.1'], ['192.0.2.1']])
    await idle()
    assert.equal(names().length, 1)
    const later = resolve('slow.example')
    await idle()
    held[1]?.answer.resolve(['192.0.2.9'])
    assert.deepEqual(await later, ['192.0.2.9'])
  })

  test('go on after one that failed', async () => {
    const { held, resolve } = heldResolver()
    const failing = resolve('slow.example')
    const next = resolve('fast.example')
    await idle()
    const error = Object.assign(new Error('no answer'), { code: 'EAI_AGAIN' })
    held[0]?.answer.reject(error)
    await assert.rejects(failing, error)
    await idle()
    held[1]?.answer.resolve(['192.0.2.2'])
    assert.deepEqual(await next, ['192.0.2.2'])
  })
})
