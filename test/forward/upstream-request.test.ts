import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pool } from 'undici'
import type { GateRules } from '../../src/forward/gate/gate-settings.ts'
import { openUpstreamGate, type UpstreamGate } from '../../src/forward/gate/upstream-gate.ts'
import { outgoingRequests } from '../../src/forward/outgoing-request.ts'
import { prepareUpstreamRequests } from '../../src/forward/upstream-request.ts'
import { reject } from '../../src/problem.ts'
import { requestContext } from '../support/request.ts'

const rules: GateRules = {
  connections: 1,
  queue: { maxWaiting: 0, maxWaitMs: 1_000 },
  circuitBreaker: {
    ...{ mode: 'enforce', failureShare: 0.1, minimumCalls: 1, windowMs: 60_000 },
    ...{ openMs: 60_000, trialCalls: 1, failsReadiness: false },
  },
  weights: new Map(),
}

const events = {
  onShed: () => undefined,
  onWaited: () => undefined,
  onCircuit: () => undefined,
}

const call = {
  method: 'GET',
  path: '/rest/V1/products',
  query: undefined,
  body: undefined,
} as const

function sender(pool: Pool, gate: UpstreamGate) {
  return prepareUpstreamRequests(pool, {
    publicOrigin: { scheme: 'https', authority: 'shop.example' },
    internalOrigin: 'http://127.0.0.1:9',
    outgoing: outgoingRequests(undefined),
    ...{ totalMs: 60_000, fairMs: 0, gate },
  })
}

test('what cannot be authorized is not sent, and nothing says that it was', async () => {
  const pool = new Pool('http://127.0.0.1:9')
  const gate = openUpstreamGate(rules, Date.now, events)
  const left: unknown[] = []
  const watched: UpstreamGate = {
    ...gate,
    leave: (pass, guest, ...end) => {
      left.push(end)
      gate.leave(pass, guest, ...end)
    },
  }
  const request = requestContext()
  const refused = reject('upstream-unavailable', 'no token')
  assert.equal(await sender(pool, watched)(request, call, async () => refused), refused)
  assert.deepEqual(left, [[undefined, undefined]])
  assert.equal(request.upstream, undefined)
  await pool.close()
})

test('a defect in a request for an endpoint or a job is told to who asked, and does not count as a failure of Magento', async () => {
  const pool = new Pool('http://127.0.0.1:9')
  const gate = openUpstreamGate(rules, Date.now, events)
  const asked = sender(pool, gate)(requestContext(), call, () => {
    throw new TypeError('inner workings')
  })
  await assert.rejects(asked, { message: 'inner workings' })
  const { inFlight, openIntegrations } = gate.status()
  assert.deepEqual({ inFlight, openIntegrations }, { inFlight: 0, openIntegrations: 0 })
  await pool.close()
})
