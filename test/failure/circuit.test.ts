import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { acme, globex, startGateway, type TestGateway } from '../support/gateway.ts'
import {
  acmeHeaders,
  type ClientAnswer,
  globexHeaders,
  problemOf,
  send,
} from '../support/http-client.ts'
import type { Fault } from '../support/magento/fault.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { scrape } from '../support/metrics.ts'
import { shared } from '../support/shared.ts'

const timeouts = { headersMs: 1000, bodyMs: 1000, totalMs: 4000 }
/** Opens after five requests that failed, and for good unless something closes it. */
const rules = { minimumCalls: 5, failureShare: 1, openMs: 3_600_000, trialCalls: 2 }

let gateway: TestGateway
const magento = await shared(startMagento())
afterEach(async () => {
  await gateway[Symbol.asyncDispose]()
  await magento.reset()
})

async function start(settings: object) {
  gateway = await startGateway({
    magentoUrl: magento.url,
    gateway: { magento: { timeouts, ...settings } },
    integrations: [{ ...globex, policies: { ...globex.policies, endpoints: 'compose' } }, acme],
  })
}

function ask(path = '/rest/V1/products/24-MB01'): Promise<ClientAnswer> {
  return send(gateway.url, { path, headers: globexHeaders })
}

/** Asks so often at once. */
async function askTimes(count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => ask()))
}

/** Asks until Magento answers; gives the codes of the refusals before. */
async function askUntilServed(): Promise<unknown[]> {
  const codes: unknown[] = []
  for (;;) {
    const answer = await ask()
    if (answer.status === 200) return codes
    codes.push(problemOf(answer).code)
  }
}

async function readiness() {
  const answer = await fetch(`${gateway.adminUrl}/readyz`)
  const { magento: status, reasons } = (await answer.json()) as {
    magento: { circuit: string; probe?: string }
    reasons?: string[]
  }
  return { status: answer.status, circuit: status.circuit, probe: status.probe, reasons }
}

async function assertMetric(series: string, value: number): Promise<void> {
  assert.equal((await scrape(gateway)).value(series), value)
}

function assertLeftAlone(answer: ClientAnswer): void {
  assert.equal(answer.status, 503)
  assert.equal(problemOf(answer).code, 'circuit-open')
  assert.match(answer.headers['retry-after'] ?? '', /^[1-9]\d*$/)
}

const failing: readonly [name: string, fault: Fault][] = [
  ['refuses connections', { kind: 'refuse' }],
  ['resets connections', { kind: 'reset' }],
  ['breaks its answers off', { kind: 'reset-mid-body' }],
  ['does not answer in time', { kind: 'stall' }],
  ['is in maintenance', { kind: 'maintenance' }],
  ['answers 503 in JSON', { kind: 'unavailable' }],
  ['answers 502', { kind: 'html-error', status: 502 }],
  ['answers 504', { kind: 'html-error', status: 504 }],
]

describe('a Magento is left alone that', () => {
  for (const [name, fault] of failing) {
    test(name, async () => {
      await start({ circuitBreaker: rules })
      await magento.setFault(fault)
      await askTimes(5)
      const sent = magento.received.length
      assertLeftAlone(await ask())
      assertLeftAlone(await ask('/rest/V1/magefine/inventaire/24-MB01'))
      assert.equal(magento.received.length, sent)
      const record = (await gateway.auditRecords(7)).at(-1)
      assert.deepEqual([record?.code, record?.upstreamStatus], ['circuit-open', undefined])
    })
  }
})

describe('a Magento is not left alone that', () => {
  const working: readonly [name: string, fault: Fault][] = [
    ['answers 404', { kind: 'echo', status: 404, body: '{"message":"no such"}' }],
    ['answers 401', { kind: 'echo', status: 401, body: '{"message":"no"}' }],
    ['fails on one route', { kind: 'fatal' }],
    ['shows an error page on one route', { kind: 'html-error', status: 500 }],
  ]
  for (const [name, fault] of working) {
    test(name, async () => {
      await start({ circuitBreaker: rules })
      await magento.setFault(fault)
      await askTimes(8)
      assert.equal(magento.received.length, 8)
      assert.equal((await readiness()).circuit, 'closed')
    })
  }

  test('has too little time for requests that waited for long', async () => {
    const everySecond = { ...rules, minimumCalls: 2, failureShare: 0.5 }
    const patient = { headersMs: 4000, totalMs: 4000 }
    await start({ circuitBreaker: everySecond, connections: 1, timeouts: patient })
    await magento.setFault({ kind: 'slow', delayMs: 2500 })
    const answers = await Promise.all([ask(), ask()])
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 504])
    assert.equal((await readiness()).circuit, 'closed')
  })

  test('has callers that do not wait for its answer', async () => {
    await start({ circuitBreaker: rules, timeouts: { headersMs: 60_000 } })
    await magento.setFault({ kind: 'stall' })
    for (let time = 0; time < 8; time += 1) {
      const arrived = magento.nextRequest()
      const controller = new AbortController()
      const left = fetch(`${gateway.url}/rest/V1/products/x`, {
        headers: globexHeaders,
        signal: controller.signal,
      })
      const received = await arrived
      controller.abort()
      await assert.rejects(left)
      await received.over
    }
    await gateway.auditRecords(8)
    assert.equal((await readiness()).circuit, 'closed')
  })

  test('is failing where circuitBreaker.mode is reportOnly, which is only shown', async () => {
    await start({ circuitBreaker: { ...rules, mode: 'reportOnly' } })
    await magento.setFault({ kind: 'maintenance' })
    await askTimes(7)
    assert.equal(magento.received.length, 7)
    assert.equal((await readiness()).circuit, 'open')
    await assertMetric('magegate_upstream_circuit_opened_total', 1)
  })
})

describe('if the requests of one integration fail', () => {
  const askAsAcme = () => send(gateway.url, { headers: acmeHeaders() })

  test('and those of others do not, it is left waiting alone', async () => {
    await start({ circuitBreaker: rules })
    await askAsAcme()
    await magento.setFault({ kind: 'html-error', status: 504 })
    await askTimes(5)
    await magento.clearFault()
    assertLeftAlone(await ask())
    assert.equal((await askAsAcme()).status, 200)
    assert.equal((await readiness()).circuit, 'closed')
    await assertMetric('magegate_upstream_circuit_open_integrations', 1)
    await assertMetric('magegate_upstream_circuit_opened_total', 1)
  })

  test('and so do those of another one, all are left waiting', async () => {
    await start({ circuitBreaker: rules })
    await magento.setFault({ kind: 'maintenance' })
    await askTimes(5)
    assert.equal(problemOf(await askAsAcme()).code, 'upstream-unavailable')
    await magento.clearFault()
    assertLeftAlone(await askAsAcme())
    assertLeftAlone(await ask())
    assert.equal((await readiness()).circuit, 'open')
    await assertMetric('magegate_upstream_circuit_open_integrations', 0)
  })
})

test('when Magento works again, a few trial requests are sent, and then all', async () => {
  await start({ circuitBreaker: { ...rules, openMs: 100 } })
  await magento.setFault({ kind: 'maintenance' })
  await askTimes(5)
  await magento.clearFault()
  const codes = await askUntilServed()
  assert.ok(codes.every((code) => code === 'circuit-open'))
  assert.equal((await ask()).status, 200)
  assert.equal((await readiness()).circuit, 'closed')
  assert.equal(magento.received.length, 5 + 2)
})

test('while Magento fails, a trial request is sent now and then, and the others are not', async () => {
  await start({ circuitBreaker: { ...rules, openMs: 50 } })
  await magento.setFault({ kind: 'maintenance' })
  await askTimes(5)
  const codes: unknown[] = []
  while (codes.filter((code) => code === 'upstream-unavailable').length < 3) {
    codes.push(problemOf(await ask()).code)
  }
  assert.equal(magento.received.length, 5 + 3)
  await assertMetric('magegate_upstream_circuit_opened_total', 4)
})

test('readiness and metrics show it, and the gateway stays ready unless configured otherwise', async () => {
  await start({ circuitBreaker: rules })
  await magento.setFault({ kind: 'maintenance' })
  assert.deepEqual(await readiness(), {
    status: 200,
    circuit: 'closed',
    probe: undefined,
    reasons: undefined,
  })
  await askTimes(5)
  await askTimes(2)
  const { status, circuit } = await readiness()
  assert.deepEqual([status, circuit], [200, 'open'])
  await assertMetric('magegate_upstream_circuit_state{state="open"}', 1)
  await assertMetric('magegate_upstream_circuit_state{state="closed"}', 0)
  await assertMetric('magegate_upstream_shed_total{reason="circuit-open"}', 2)
  await assertMetric('magegate_upstream_in_flight_requests', 0)
})

test('with failsReadiness the gateway is not ready while Magento is left alone', async () => {
  await start({ circuitBreaker: { ...rules, failsReadiness: true } })
  await magento.setFault({ kind: 'refuse' })
  await askTimes(5)
  const { status, reasons } = await readiness()
  assert.deepEqual([status, reasons], [503, ['Magento fails']])
})

test('with failsReadiness the gateway is ready again when trial requests may be sent, even before one comes', async () => {
  await start({ circuitBreaker: { ...rules, openMs: 500, failsReadiness: true } })
  await magento.setFault({ kind: 'refuse' })
  await askTimes(5)
  assert.equal((await readiness()).status, 503)
  await magento.clearFault()
  while ((await readiness()).status !== 200) await delay(5)
  assert.equal((await ask()).status, 200)
})

describe('a probe of the gateway itself', () => {
  const probe = { path: '/rest/V1/directory/countries', intervalMs: 20, timeoutMs: 500 }

  test('shows whether Magento works, and has it tried as soon as it does', async () => {
    await start({ circuitBreaker: rules, probe })
    await magento.setFault({ kind: 'maintenance' })
    await until('failing')
    await assertMetric('magegate_upstream_probe_up', 0)
    await askTimes(5)
    assertLeftAlone(await ask())
    await magento.clearFault()
    await askUntilServed()
    assert.equal((await ask()).status, 200)
    assert.equal((await readiness()).circuit, 'closed')
    await until('working')
    await assertMetric('magegate_upstream_probe_up', 1)
  })

  test('leaves an Idempotency-Key free after every refusal that means that nothing was carried out', async () => {
    await start({ circuitBreaker: rules, probe })
    const headers = {
      ...globexHeaders,
      'Content-Type': 'application/json',
      'Idempotency-Key': '"tried-four-times"',
    }
    const body = '{"product":{"sku":"24-MB01"}}'
    const write = () =>
      send(gateway.url, { method: 'POST', path: '/rest/V1/products', headers, body })
    await magento.setFault({ kind: 'refuse' })
    assert.equal(problemOf(await write()).code, 'upstream-unreachable')
    await magento.setFault({ kind: 'maintenance' })
    assert.equal(problemOf(await write()).code, 'upstream-unavailable')
    await askTimes(3)
    assert.equal(problemOf(await write()).code, 'circuit-open')
    await magento.clearFault()
    await askUntilServed()
    const written = await write()
    assert.equal(written.status, 200)
    assert.equal(written.headers['idempotency-replayed'], undefined)
  })

  test('goes without a credential, and counts for no integration', async () => {
    await start({ probe })
    const [received] = await magento.nextRequests(1)
    assert.equal(received?.rawTarget, probe.path)
    assert.ok(!received?.rawHeaders.some((name) => /^authorization$/i.test(name)))
    assert.equal((await gateway.auditRecords(0)).length, 0)
  })

  async function until(result: string): Promise<void> {
    while ((await readiness()).probe !== result) await delay(5)
  }
})
