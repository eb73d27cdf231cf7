import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pool } from 'undici'
import { openUpstreamGate } from '../../src/forward/gate/upstream-gate.ts'
import { prepareUpstreamRequests } from '../../src/forward/upstream-request.ts'
import { requestContext } from '../support/request.ts'

test('a defect in a request for an endpoint or a job is told to who asked, and does not count as a failure of Magento', async () => {
  const pool = new Pool('http://127.0.0.1:9')
  const gate = openUpstreamGate(
    {
      connections: 1,
      queue: { maxWaiting: 0, maxWaitMs: 1_000 },
      circuitBreaker: {
        ...{ mode: 'enforce', failureShare: 0.1, minimumCalls: 1, windowMs: 60_000 },
        ...{ openMs: 60_000, probes: 1, failsReadiness: false },
      },
      weights: new Map(),
    },
    Date.now,
    { onShed: () => undefined, onWaited: () => undefined, onCircuit: () => undefined },
  )
  const send = prepareUpstreamRequests(pool, {
    publicOrigin: { scheme: 'https', authority: 'shop.example' },
    internalOrigin: 'http://127.0.0.1:9',
    sign: undefined,
    ...{ totalMs: 60_000, fairMs: 0, gate },
  })
  const asked = send(
    requestContext(),
    { method: 'GET', path: '/rest/V1/products', query: undefined, body: undefined },
    () => {
      throw new TypeError('inner workings')
    },
  )
  await assert.rejects(asked, { message: 'inner workings' })
  const { inFlight, openIntegrations } = gate.status()
  assert.deepEqual({ inFlight, openIntegrations }, { inFlight: 0, openIntegrations: 0 })
  await pool.close()
})
