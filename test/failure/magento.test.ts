import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { AuditRecord } from '../../src/record/audit-record.ts'
import { freePort } from '../support/free-port.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import {
  type ClientAnswer,
  type ClientRequest,
  globexHeaders,
  problemOf,
  send,
  withoutRequestId,
  writeOf,
} from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { answerEmpty, type RawUpstream, startRawUpstream } from '../support/raw-upstream.ts'
import { pem, pemFile } from '../support/tls/pem.ts'
import { cutFaults, type UpstreamFault, upstreamFaults } from './upstream-faults.ts'

const settings = {
  timeouts: { connectMs: 1000, headersMs: 1000, bodyMs: 1000, totalMs: 4000 },
  // Each fault is to be seen by itself.
  circuitBreaker: { mode: 'off' },
}

const requests: Readonly<Record<string, ClientRequest>> = {
  read: { headers: globexHeaders },
  write: writeOf('{"product":{"sku":"24-MB01"}}'),
}

/** Within what time connections that a fault has used up are to be closed. */
const closedWithinMs = 5_000

/** Fails where more connections stay open than are kept for the next requests. */
async function assertConnectionsClosed(upstream: RawUpstream, kept: number): Promise<void> {
  const late = AbortSignal.timeout(closedWithinMs)
  await new Promise<void>((resolve, reject) => {
    late.onabort = () => reject(new Error(`${upstream.sockets.size} connections are still open`))
    void upstream.socketsFallTo(kept).then(resolve)
  })
}

function assertSaysNothingOfMagento(answer: ClientAnswer, upstream: RawUpstream): void {
  const text = withoutRequestId(answer)
  for (const word of [String(upstream.port), '127.0.0.1', '10.20.30.40', '/var/www', '<']) {
    assert.ok(!text.includes(word), word)
  }
}

function assertRecorded(record: AuditRecord, fault: Told): void {
  const { status, code, upstreamStatus } = fault
  assert.equal(record.integration, 'globex-pim')
  assert.equal(record.status, status)
  assert.equal(record.code, code)
  assert.equal(record.upstreamStatus, upstreamStatus)
  assert.match(record.reason ?? '', fault.reason ?? /^(?!.*\d+\.\d+)/)
}

type Told = Pick<UpstreamFault, 'status' | 'code' | 'reason' | 'upstreamStatus'>

function assertAnswered(
  answer: ClientAnswer,
  fault: Told & Pick<UpstreamFault, 'body' | 'retryAfter'>,
) {
  assert.equal(answer.status, fault.status)
  assert.equal(answer.headers['retry-after'], fault.retryAfter)
  if (fault.code === undefined) {
    assert.equal(answer.body, fault.body)
    return
  }
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  const problem = problemOf(answer)
  assert.equal(problem.code, fault.code)
  assert.equal(problem.status, fault.status)
  assert.equal(problem.requestId, answer.headers['x-request-id'])
}

describe('Magento', () => {
  let upstream: RawUpstream
  let gateway: TestGateway
  before(async () => {
    upstream = await startRawUpstream(answerEmpty, undefined, await freePort())
    gateway = await startGateway({ magentoUrl: upstream.url, gateway: { magento: settings } })
  })
  after(async () => {
    await gateway[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
  })

  /** Sends reads and writes, three of each at once, so that a connection that stays open adds up. */
  function sendAll(check: (request: ClientRequest) => Promise<void>): Promise<unknown> {
    return Promise.all(
      Object.values(requests)
        .flatMap((each) => [each, each, each])
        .map(check),
    )
  }

  async function strike(fault: UpstreamFault, check: (request: ClientRequest) => Promise<void>) {
    const { length: recorded } = await gateway.auditRecords(0)
    const { length: sent } = upstream.requests
    upstream.answer = fault.does
    await sendAll(check)
    assert.equal(upstream.requests.length - sent, 6, 'each is sent once')
    upstream.answer = answerEmpty
    await sendAll(async (request) => {
      const next = await send(gateway.url, request)
      assert.equal(next.body, '{}', 'the next request gets its own answer')
    })
    await assertConnectionsClosed(upstream, 6)
    const records = (await gateway.auditRecords(recorded + 12)).slice(recorded, recorded + 6)
    for (const method of ['GET', 'POST']) {
      const own = records.filter((record) => record.method === method)
      assert.equal(own.length, 3)
      for (const record of own) assertRecorded(record, fault)
    }
  }

  for (const fault of upstreamFaults) {
    const told = fault.code ?? 'of Magento'
    test(`${fault.magento}: ${fault.status} ${told}, for reads and for writes`, async () => {
      await strike(fault, async (request) => {
        const answer = await send(gateway.url, request)
        assertAnswered(answer, fault)
        if (fault.code !== undefined) assertSaysNothingOfMagento(answer, upstream)
      })
    })
  }

  for (const fault of cutFaults) {
    test(`${fault.magento}: it is cut, for reads and for writes`, async () => {
      await strike(fault, async (request) => {
        await assert.rejects(send(gateway.url, request), { code: 'ECONNRESET' })
      })
    })
  }

  test('refuses connections: 502 upstream-unreachable, and it is served as soon as it can be', async () => {
    const { length: recorded } = await gateway.auditRecords(0)
    const { length: sent } = upstream.requests
    await upstream.pause()
    const fault = { status: 502, code: 'upstream-unreachable', reason: /^ECONNREFUSED$/ }
    for (const request of Object.values(requests)) {
      const answer = await send(gateway.url, request)
      assertAnswered(answer, fault)
      assertSaysNothingOfMagento(answer, upstream)
    }
    assert.equal(upstream.requests.length, sent)
    await upstream.resume()
    upstream.answer = answerEmpty
    for (const request of Object.values(requests)) {
      assert.equal((await send(gateway.url, request)).status, 200)
    }
    const records = await gateway.auditRecords(recorded + 4)
    for (const record of records.slice(recorded, recorded + 2)) assertRecorded(record, fault)
  })
})

describe('each timeout bounds what it is called for, whatever the others are', () => {
  const long = { connectMs: 60_000, headersMs: 60_000, bodyMs: 60_000, totalMs: 60_000 }
  for (const [timeout, does, reason] of [
    ['headersMs', '', /^UND_ERR_HEADERS_TIMEOUT$/],
    ['bodyMs', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{', /^UND_ERR_BODY_TIMEOUT$/],
    ['totalMs', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{', /^TOTAL_TIMEOUT$/],
  ] as const) {
    test(timeout, async () => {
      await using upstream = await startRawUpstream((socket) => socket.write(does))
      await using gateway = await startGateway({
        magentoUrl: upstream.url,
        gateway: { magento: { timeouts: { ...long, [timeout]: 300 } } },
      })
      const answer = await send(gateway.url, { headers: globexHeaders })
      assertAnswered(answer, { status: 504, code: 'upstream-timeout' })
      const [record] = await gateway.auditRecords(1)
      assert.match(record?.reason ?? '', reason)
    })
  }
})

describe('Magento over TLS', () => {
  const materialOf = (name: string) => ({ cert: pem(`${name}.cert`), key: pem(`${name}.key`) })
  const unreachable = { status: 502, code: 'upstream-unreachable' } as const
  const rows: readonly (Told & {
    readonly magento: string
    readonly certificate: 'loopback' | 'elsewhere'
    readonly trusted: string | undefined
  })[] = [
    {
      magento: 'shows a certificate that nobody vouches for',
      certificate: 'loopback',
      trusted: undefined,
      ...unreachable,
      reason: /^DEPTH_ZERO_SELF_SIGNED_CERT$/,
    },
    {
      magento: 'shows a certificate of another authority',
      certificate: 'loopback',
      trusted: 'ca.cert',
      ...unreachable,
      reason: /^DEPTH_ZERO_SELF_SIGNED_CERT$/,
    },
    {
      magento: 'shows a certificate of another host',
      certificate: 'elsewhere',
      trusted: 'elsewhere.cert',
      ...unreachable,
      reason: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    },
  ]

  /** A Magento that may be reached, behind a gateway that expects TLS of it. */
  async function refused(
    upstream: RawUpstream,
    url: string,
    trusted: string | undefined,
    told: Told,
  ) {
    await using gateway = await startGateway({
      magentoUrl: url,
      gateway: {
        magento: {
          ...settings,
          timeouts: { connectMs: 1000, headersMs: 60_000, bodyMs: 60_000, totalMs: 60_000 },
          ...(trusted !== undefined && { caFile: pemFile(trusted) }),
        },
      },
    })
    for (const request of Object.values(requests)) {
      const answer = await send(gateway.url, request)
      assertAnswered(answer, told)
      assertSaysNothingOfMagento(answer, upstream)
    }
    assert.deepEqual(upstream.requests, [], 'nothing is sent')
    await assertConnectionsClosed(upstream, 0)
    const records = await gateway.auditRecords(2)
    for (const record of records) assertRecorded(record, told)
  }

  for (const row of rows) {
    test(row.magento, async () => {
      await using upstream = await startRawUpstream(answerEmpty, materialOf(row.certificate))
      await refused(upstream, upstream.url, row.trusted, row)
    })
  }

  for (const [certificate, named, more] of [
    ['loopback', 'its address', {}],
    ['elsewhere', 'its public address only', { publicUrl: 'https://elsewhere.example' }],
  ] as const) {
    test(`gets requests if its certificate is vouched for and names ${named}`, async () => {
      await using upstream = await startRawUpstream(answerEmpty, materialOf(certificate))
      await using gateway = await startGateway({
        magentoUrl: upstream.url,
        gateway: { magento: { ...more, caFile: pemFile(`${certificate}.cert`) } },
      })
      for (const request of Object.values(requests)) {
        assert.equal((await send(gateway.url, request)).status, 200)
      }
    })
  }

  test('speaks no TLS', async () => {
    await using upstream = await startRawUpstream((socket) => socket.destroy())
    const url = upstream.url.replace('http:', 'https:')
    await refused(upstream, url, undefined, {
      status: 504,
      code: 'upstream-timeout',
      reason: /^UND_ERR_CONNECT_TIMEOUT$/,
    })
  })
})

describe('the stand-in for Magento', () => {
  test('in maintenance: its page is not passed on', async () => {
    await using magento = await startMagento()
    await using gateway = await startGateway({ magentoUrl: magento.url })
    await magento.setFault({ kind: 'maintenance' })
    for (const request of Object.values(requests)) {
      const answer = await send(gateway.url, request)
      assertAnswered(answer, { status: 503, code: 'upstream-unavailable' })
      assert.ok(!answer.body.includes('<'))
    }
    assert.equal(magento.received.length, 2)
    await magento.clearFault()
    assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
  })
})
