import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { describe, test } from 'node:test'
import { acme, globex, quietAddresses, startGateway } from '../support/gateway.ts'
import { acmeHeaders, globexHeaders, problemOf, send, sendRaw } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { loopbackTls, pem } from '../support/tls/pem.ts'

describe('an address whose requests are refused before an integration can be charged', () => {
  const perAddress = {
    ...quietAddresses,
    refusals: { rate: '1/h', burst: 3, penaltyMs: 3_600_000, longestPenaltyMs: 3_600_000 },
  }
  const cases = {
    'with a wrong signature': { headers: { ...acmeHeaders(), 'X-Signature': 'ab'.repeat(32) } },
    'as an integration that is unknown': { headers: { Authorization: 'Bearer nobody-knows-it' } },
    'on a path that Magento does not have': { path: '/wp-login.php', headers: globexHeaders },
  }
  for (const [name, request] of Object.entries(cases)) {
    test(`${name} is blocked`, async () => {
      await using upstream = await startRawUpstream()
      await using gateway = await startGateway({
        magentoUrl: upstream.url,
        gateway: { limits: { perAddress } },
        integrations: [acme, globex],
      })
      assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
      const statuses: number[] = []
      for (let count = 0; count < 5; count += 1) {
        statuses.push((await send(gateway.url, request)).status)
      }
      const refusal = 'path' in request ? 400 : 401
      assert.deepEqual(statuses, [refusal, refusal, refusal, refusal, 429])
      const shutOut = await send(gateway.url, { headers: globexHeaders })
      assert.equal(problemOf(shutOut).code, 'address-rate-limited')
      assert.ok(Number(shutOut.headers['retry-after']) > 3_000)
    })
  }

  test('although it does not read the answers, of which HTTP/2 tells the statuses', async () => {
    await using upstream = await startRawUpstream()
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: { listen: { tls: loopbackTls, requireHttps: true }, limits: { perAddress } },
      integrations: [globex],
    })
    const settings = { initialWindowSize: 0 }
    const session = connectHttp2(gateway.url, { ca: pem('loopback.cert'), settings })
    try {
      const statuses: unknown[] = []
      for (let count = 0; count < 5; count += 1) {
        const guess = { ':path': '/rest/V1/products/a', authorization: 'Bearer nobody-knows-it' }
        const [fields] = await once(session.request(guess), 'response')
        statuses.push(fields[':status'])
      }
      assert.deepEqual(statuses, [401, 401, 401, 401, 429])
    } finally {
      session.destroy()
    }
  })

  test('is not blocked for requests that do not arrive in time, as those of a probe', async () => {
    await using upstream = await startRawUpstream()
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      gateway: { listen: { requestTimeoutMs: 500 }, limits: { perAddress } },
      integrations: [globex],
    })
    const late = Array.from({ length: 5 }, () => sendRaw(gateway.url, 'GET '))
    for (const answer of await Promise.all(late)) assert.match(answer, /^HTTP\/1\.1 408 /)
    assert.equal((await send(gateway.url, { headers: globexHeaders })).status, 200)
  })

  const unreadable = {
    'that are no HTTP': 'NONSENSE\r\n\r\n',
    'with a header section that is too large': `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
  }
  for (const [name, bytes] of Object.entries(unreadable)) {
    for (const [where, trustedProxies, status] of [
      ['is blocked', [], 429],
      ['is not where it is a proxy, which nobody can choose to be', ['127.0.0.1'], 200],
    ] as const) {
      test(`with bytes ${name} ${where}`, async () => {
        await using upstream = await startRawUpstream()
        await using gateway = await startGateway({
          magentoUrl: upstream.url,
          gateway: { listen: { trustedProxies }, limits: { perAddress } },
          integrations: [globex],
        })
        for (let count = 0; count < 4; count += 1) {
          assert.match(await sendRaw(gateway.url, bytes), /^HTTP\/1\.1 4(?:00|31) /)
        }
        assert.equal((await send(gateway.url, { headers: globexHeaders })).status, status)
      })
    }
  }
})
