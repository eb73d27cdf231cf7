import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import { describe, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { globexHeaders, problemOf, send } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { loopbackTls, pem, pemFile } from '../support/tls/pem.ts'

function material(name: string) {
  return { cert: pem(`${name}.cert`), key: pem(`${name}.key`) }
}

describe('towards Magento', () => {
  async function answerWith(certificate: string, caFile: string | undefined) {
    await using magento = await startMagento({ tls: material(certificate) })
    await using gateway = await startGateway({
      magentoUrl: magento.url,
      gateway: { magento: caFile === undefined ? {} : { caFile } },
    })
    const answer = await send(gateway.url, { headers: globexHeaders })
    return {
      status: answer.status,
      code: problemOf(answer).code,
      received: magento.received.length,
    }
  }

  test('a certificate that is signed as configured is accepted', async () => {
    const { status, received } = await answerWith('loopback', pemFile('loopback.cert'))
    assert.equal(status, 200)
    assert.equal(received, 1)
  })

  test('an unknown certificate gets nothing', async () => {
    assert.deepEqual(await answerWith('loopback', undefined), {
      status: 502,
      code: 'upstream-unreachable',
      received: 0,
    })
  })

  test('a certificate of another name gets nothing', async () => {
    assert.deepEqual(await answerWith('elsewhere', pemFile('elsewhere.cert')), {
      status: 502,
      code: 'upstream-unreachable',
      received: 0,
    })
  })
})

describe('towards callers', () => {
  test('the gateway itself speaks TLS, and that satisfies requireHttps', async () => {
    await using magento = await startMagento()
    await using gateway = await startGateway({
      magentoUrl: magento.url,
      gateway: {
        listen: {
          requireHttps: true,
          tls: loopbackTls,
        },
      },
    })
    const request = httpsRequest(`${gateway.url}/rest/V1/products/24-MB01`, {
      headers: globexHeaders,
      ca: pem('loopback.cert'),
      agent: false,
    })
    request.end()
    const [response] = await once(request, 'response')
    response.resume()
    assert.equal(response.statusCode, 200)
  })

  test('plain HTTP is refused, unless a trusted proxy took the request over TLS', async () => {
    await using magento = await startMagento()
    await using open = await startGateway({
      magentoUrl: magento.url,
      gateway: { listen: { requireHttps: true, trustedProxies: ['192.0.2.1'] } },
    })
    const claimed = { ...globexHeaders, 'X-Forwarded-Proto': 'https' }
    assert.equal(problemOf(await send(open.url, { headers: claimed })).code, 'https-required')
    await using behindProxy = await startGateway({
      magentoUrl: magento.url,
      gateway: { listen: { requireHttps: true, trustedProxies: ['127.0.0.1'] } },
    })
    assert.equal((await send(behindProxy.url, { headers: claimed })).status, 200)
    assert.equal((await send(behindProxy.url, { headers: globexHeaders })).status, 403)
  })
})
