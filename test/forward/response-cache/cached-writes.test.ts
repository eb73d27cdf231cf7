import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  dropCachedFirst,
  prepareCachedWrites,
} from '../../../src/forward/response-cache/cached-writes.ts'
import type { RequestContext } from '../../../src/request-context.ts'
import { requestContext } from '../../support/request.ts'

/** A write that Magento was asked for in vain, with the endpoint that asked, if any. */
function unreachable(endpoint?: RequestContext['endpoint']): RequestContext {
  const request = requestContext({ method: 'PUT' })
  request.upstream = { origin: 'http://magento', spanId: '0', startedAt: 0 }
  request.outcome = { status: 502, code: 'upstream-unreachable' }
  request.endpoint = endpoint
  return request
}

/** Writes over a store in which a drop takes until it is let go. */
function heldWrites() {
  const begun = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  let drops = 0
  const store = {
    find: () => ({ kept: undefined, ticket: undefined }),
    keep: () => undefined,
    drop: () => {
      drops += 1
      begun.resolve()
      return released.promise
    },
  }
  const { begin, dropAfter } = prepareCachedWrites(store, 1_000)
  return { begin, dropAfter, begun: begun.promise, release: released.resolve, drops: () => drops }
}

test('a write that reached nobody drops nothing, unless an endpoint may have made a call before', () => {
  const endpoint = { routes: [], summary: '', answers: {}, run: () => assert.fail() }
  for (const [request, drops] of [
    [unreachable(), 0],
    [unreachable({ endpoint, variables: new Map() }), 1],
  ] as const) {
    const writes = heldWrites()
    writes.begin(request)
    void request.dropChanged?.()
    assert.equal(writes.drops(), drops)
  }
})

test('a write is answered only when what it has changed is dropped', async () => {
  const writes = heldWrites()
  const request = unreachable()
  request.outcome = { status: 200 }
  writes.begin(request)
  let isAnswered = false
  const ended = new Promise<void>((resolve) => {
    const end = dropCachedFirst((_, mayEnd) => mayEnd(true))
    end(request, () => {
      isAnswered = true
      resolve()
    })
  })
  await new Promise(setImmediate)
  assert.equal(isAnswered, false)
  writes.release()
  await ended
})

test('a job goes on only when what it has changed is dropped', async () => {
  const writes = heldWrites()
  const answer = { status: 200, contentType: 'application/json', body: Buffer.from('{}') }
  let isOver = false
  const write = { path: '/rest/V1/products/mug', query: undefined, body: undefined }
  const send = writes.dropAfter(async () => answer)
  const sent = send(requestContext(), { method: 'PUT', ...write }, () => assert.fail()).then(() => {
    isOver = true
  })
  await writes.begun
  await new Promise(setImmediate)
  assert.equal(isOver, false)
  writes.release()
  await sent
})
