import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import { describe, test } from 'node:test'
import { clientCertificatePin } from '../../src/authenticate/client-certificate-pin.ts'
import { allow } from '../../src/policy.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { globexHeaders, problemOf, send } from '../support/http-client.ts'
import { openSession, sendOver } from '../support/http2-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { requestContext } from '../support/request.ts'
import { services } from '../support/services.ts'
import { shared } from '../support/shared.ts'
import { loopbackTls, pem, pemFile } from '../support/tls/pem.ts'
import { rejectionOf } from '../support/verdicts.ts'

function spkiSha256(name: string): string {
  const { publicKey } = new X509Certificate(pem(`${name}.cert`))
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}

function integration(name: string, clientCertificate: object) {
  return {
    name,
    credentials: { clientCertificate },
    upstream: { bearer: 'env:MAGENTO_TOKEN' },
    policies: { routes: ['GET /V1/products/:sku'] },
  }
}

const pinned = integration('pinned', { spkiSha256: [spkiSha256('client')] })
const named = integration('named', { subject: { O: 'Acme', CN: 'acme-erp' } })

const magento = await shared(startMagento())

async function startTls(
  each: typeof pinned,
  clientCaFile: string | undefined,
  proxies: object = {},
) {
  return startGateway({
    magentoUrl: magento.url,
    integrations: [each],
    gateway: {
      listen: {
        requireHttps: true,
        ...proxies,
        tls: { ...loopbackTls, ...(clientCaFile !== undefined && { clientCaFile }) },
      },
    },
  })
}

async function statusFor(gateway: TestGateway, client: string | undefined, headers = {}) {
  const request = httpsRequest(`${gateway.url}/rest/V1/products/24-MB01`, {
    ca: pem('loopback.cert'),
    agent: false,
    headers,
    ...(client !== undefined && { cert: pem(`${client}.cert`), key: pem(`${client}.key`) }),
  })
  request.end()
  const [response] = await once(request, 'response')
  response.resume()
  return response.statusCode as number
}

describe('with TLS at the gateway', () => {
  test('the pinned key is the credential, whoever signed its certificate', async () => {
    await using gateway = await startTls(pinned, undefined)
    assert.equal(await statusFor(gateway, 'client'), 200)
    assert.equal(await statusFor(gateway, 'impostor'), 401)
    assert.equal(await statusFor(gateway, undefined), 401)
    assert.equal(await statusFor(gateway, undefined, { 'X-Integration-Id': 'pinned' }), 401)
    const [record] = await gateway.auditRecords(1)
    assert.equal(record?.integration, 'pinned')
  })

  test('a right token does not stand for the certificate, nor the certificate for the token', async () => {
    const credentials = { ...pinned.credentials, token: 'env:GLOBEX_TOKEN' }
    await using gateway = await startTls({ ...pinned, credentials }, undefined)
    assert.equal(await statusFor(gateway, 'client', globexHeaders), 200)
    assert.equal(await statusFor(gateway, 'impostor', globexHeaders), 401)
    assert.equal(await statusFor(gateway, undefined, globexHeaders), 401)
    assert.equal(await statusFor(gateway, 'client'), 401)
  })

  test('the pinned key is the credential over HTTP/2 too', async () => {
    await using gateway = await startTls(pinned, undefined)
    const statusOver2 = async (client: string | undefined) => {
      const material = client && { cert: pem(`${client}.cert`), key: pem(`${client}.key`) }
      const session = await openSession(gateway.url, material || {})
      const statuses = [0, 0].map(
        async () => (await sendOver(session, { Authorization: '' })).status,
      )
      const settled = await Promise.all(statuses)
      session.destroy()
      return settled
    }
    assert.deepEqual(await statusOver2('client'), [200, 200])
    assert.deepEqual(await statusOver2('impostor'), [401, 401])
    assert.deepEqual(await statusOver2(undefined), [401, 401])
  })

  test('a subject counts only when a configured authority signed it', async () => {
    await using gateway = await startTls(named, pemFile('ca.cert'))
    assert.equal(await statusFor(gateway, 'client'), 200)
    assert.equal(await statusFor(gateway, 'impostor'), 401)
    const otherProxy = { trustedProxies: ['192.0.2.1'], clientCertificateHeader: 'Client-Cert' }
    await using withoutAuthority = await startTls(named, undefined, otherProxy)
    assert.equal(await statusFor(withoutAuthority, 'client'), 401)
  })

  test('a forwarded certificate of a caller that is no trusted proxy counts for nothing', async () => {
    await using gateway = await startTls(pinned, undefined)
    const headers = { 'Client-Cert': rfc9440('client') }
    assert.equal(await statusFor(gateway, undefined, headers), 401)
  })
})

function rfc9440(name: string): string {
  return `:${new X509Certificate(pem(`${name}.cert`)).raw.toString('base64')}:`
}

describe('behind a trusted proxy', () => {
  async function statusWith(header: string, value: string, trustedProxies = ['127.0.0.1']) {
    await using gateway = await startGateway({
      magentoUrl: magento.url,
      integrations: [pinned, named],
      gateway: { listen: { trustedProxies, clientCertificateHeader: header } },
    })
    const answer = await send(gateway.url, { headers: { [header]: value } })
    assert.ok(
      !magento.received
        .at(-1)
        ?.rawHeaders.some((name) => name.toLowerCase() === header.toLowerCase()),
    )
    return answer.status === 400 ? problemOf(answer).code : answer.status
  }

  test('its forwarded certificate is the credential, in either form', async () => {
    assert.equal(await statusWith('Client-Cert', rfc9440('client')), 200)
    const escaped = encodeURIComponent(pem('client.cert'))
    assert.equal(await statusWith('X-SSL-Client-Cert', escaped), 200)
    assert.equal(await statusWith('Client-Cert', ''), 401)
    assert.equal(await statusWith('Client-Cert', rfc9440('loopback')), 401)
  })

  test('its forwarded certificate counts by its subject too, which the proxy has verified', async () => {
    const proxies = { trustedProxies: ['127.0.0.1'], clientCertificateHeader: 'Client-Cert' }
    await using gateway = await startTls(named, undefined, proxies)
    const headers = (name: string) => ({ 'Client-Cert': rfc9440(name) })
    assert.equal(await statusFor(gateway, undefined, headers('client')), 200)
    assert.equal(await statusFor(gateway, undefined, headers('loopback')), 401)
  })

  test('its own certificate is that of no caller', async () => {
    await using gateway = await startTls(pinned, undefined, { trustedProxies: ['127.0.0.1'] })
    assert.equal(await statusFor(gateway, 'client'), 401)
  })

  test('what is no certificate is refused', async () => {
    assert.equal(await statusWith('Client-Cert', ':AAAA:'), 'bad-request')
    assert.equal(await statusWith('Client-Cert', 'CN=acme-erp'), 'bad-request')
    const bare = rfc9440('client').slice(1, -1)
    assert.equal(await statusWith('Client-Cert', bare), 'bad-request')
  })

  test('nobody else can forward one', async () => {
    assert.equal(await statusWith('Client-Cert', rfc9440('client'), ['192.0.2.1']), 401)
  })
})

test('a certificate that does not count costs what a signature does, and the pinned one does not', async () => {
  const certificate = new X509Certificate(pem('client.cert'))
  let nowMs = certificate.validToDate.getTime()
  let spent = 0
  const spendDecoy = () => {
    spent += 1
  }
  const own = { ...services(() => nowMs), spendDecoy }
  const check = clientCertificatePin.prepare({ spkiSha256: [spkiSha256('client')] }, own)
  const request = requestContext()
  request.clientCertificate = { certificate, isChainTrusted: false }
  assert.equal(check(request), allow)
  assert.equal(spent, 0)
  nowMs += 1
  assert.equal((await rejectionOf(check(request))).code, 'unauthenticated')
  assert.equal((await rejectionOf(check(requestContext()))).code, 'unauthenticated')
  assert.equal(spent, 2)
})
