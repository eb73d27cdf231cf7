import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { type ConnectionOptions, connect, DEFAULT_CIPHERS } from 'node:tls'
import { startGateway } from '../support/gateway.ts'
import { globexHeaders, problemOf, send } from '../support/http-client.ts'
import { openSession, sendOver } from '../support/http2-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { shared } from '../support/shared.ts'
import { loopbackTls, pem } from '../support/tls/pem.ts'

const magento = await shared(startMagento())
const gateway = await shared(
  startGateway({
    magentoUrl: magento.url,
    gateway: {
      listen: {
        tls: loopbackTls,
        requireHttps: true,
        hsts: { includeSubDomains: true },
        requestTimeoutMs: 1_000,
      },
    },
  }),
)

/** What a handshake agrees on, or the code of the error that it ends with. */
async function handshake(options: ConnectionOptions, url = gateway.url): Promise<string> {
  const { hostname, port } = new URL(url)
  const ca = pem('loopback.cert')
  const socket = connect({ host: hostname, port: Number(port), ca, ...options })
  try {
    await once(socket, 'secureConnect')
    return `${socket.getProtocol()} ${socket.getCipher().standardName}`
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  } finally {
    socket.destroy()
  }
}

describe('a handshake', () => {
  test('takes TLS 1.3 and 1.2, and nothing older', async () => {
    assert.match(await handshake({}), /^TLSv1\.3 /)
    assert.match(await handshake({ maxVersion: 'TLSv1.2' }), /^TLSv1\.2 TLS_ECDHE_/)
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const
    assert.match(await handshake({ ...old, ciphers: 'DEFAULT@SECLEVEL=0' }), /VERSION|ALERT/)
  })

  test('takes no suite without forward secrecy or authenticated encryption', async () => {
    for (const ciphers of [
      'AES128-GCM-SHA256',
      'ECDHE-ECDSA-AES128-SHA256',
      'ECDHE-ECDSA-AES128-SHA',
    ]) {
      const weak = await handshake({ maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` })
      assert.match(weak, /HANDSHAKE_FAILURE|NO_SHARED_CIPHER/, ciphers)
    }
    assert.match(
      await handshake({ maxVersion: 'TLSv1.2', ciphers: DEFAULT_CIPHERS }),
      /GCM|POLY1305/,
    )
  })

  test('is not renegotiated', async () => {
    const { hostname, port } = new URL(gateway.url)
    const options = { host: hostname, port: Number(port), ca: pem('loopback.cert') }
    const socket = connect({ ...options, maxVersion: 'TLSv1.2' })
    await once(socket, 'secureConnect')
    const renegotiated = new Promise<unknown>((resolve) => {
      socket.on('error', resolve)
      socket.renegotiate({}, resolve)
    })
    assert.ok((await renegotiated) instanceof Error)
    socket.destroy()
  })

  test('that is never finished does not hold the connection', async () => {
    const { hostname, port } = new URL(gateway.url)
    const socket = connectTcp(Number(port), hostname).on('error', () => undefined)
    await once(socket.resume(), 'close')
    const records = await gateway.auditRecords(1)
    const record = records.find(({ reason }) => reason === 'ERR_TLS_HANDSHAKE_TIMEOUT')
    // Nobody could be told anything.
    assert.deepEqual([record?.code, record?.bytesOut], ['request-timeout', 0])
  })

  test('that is none ends the connection', async () => {
    const { hostname, port } = new URL(gateway.url)
    const socket = connectTcp(Number(port), hostname).on('error', () => undefined)
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(socket.resume(), 'close')
  })
})

describe('Strict-Transport-Security', () => {
  const policy = 'max-age=31536000; includeSubDomains'

  test('stands on answers over TLS', async () => {
    const request = httpsRequest(`${gateway.url}/rest/V1/products/24-MB01`, {
      headers: globexHeaders,
      ca: pem('loopback.cert'),
      agent: false,
    }).end()
    const [answer] = await once(request, 'response')
    await text(answer)
    assert.equal(answer.statusCode, 200)
    assert.equal(answer.headers['strict-transport-security'], policy)
  })

  test('stands on what a trusted proxy took over TLS, and never on plain HTTP', async () => {
    await using behind = await startGateway({
      magentoUrl: magento.url,
      gateway: { listen: { trustedProxies: ['127.0.0.1'], hsts: { includeSubDomains: true } } },
    })
    const policyOver = async (proto: string) => {
      const headers = { ...globexHeaders, 'X-Forwarded-Proto': proto }
      const answer = await send(behind.url, { headers })
      assert.equal(answer.status, 200)
      return answer.headers['strict-transport-security']
    }
    assert.equal(await policyOver('https'), policy)
    assert.equal(await policyOver('http'), undefined)
  })
})

test('requireHttps takes HTTP/2, and behind a proxy what the proxy took over TLS', async () => {
  const session = await openSession(gateway.url)
  // What somebody else than a trusted proxy says counts for nothing.
  assert.equal((await sendOver(session, { 'x-forwarded-proto': 'http' })).status, 200)
  session.destroy()
  const claimed = { ...globexHeaders, 'X-Forwarded-Proto': 'https' }
  for (const [proxy, headers, expected] of [
    ['127.0.0.1', globexHeaders, [403, 'https-required']],
    ['127.0.0.1', claimed, [200, undefined]],
    ['192.0.2.1', claimed, [403, 'https-required']],
  ] as const) {
    await using behind = await startGateway({
      magentoUrl: magento.url,
      gateway: { listen: { requireHttps: true, trustedProxies: [proxy] } },
    })
    const answer = await send(behind.url, { headers })
    assert.deepEqual([answer.status, problemOf(answer).code], expected)
  }
})
