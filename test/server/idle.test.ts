import assert from 'node:assert/strict'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { startGateway } from '../support/gateway.ts'
import { globexHeaders } from '../support/http-client.ts'
import { openSession, sendOver } from '../support/http2-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { shared } from '../support/shared.ts'
import { loopbackTls, pem } from '../support/tls/pem.ts'

const magento = await shared(startMagento())
const gateway = await shared(
  startGateway({
    magentoUrl: magento.url,
    gateway: { listen: { tls: loopbackTls, requireHttps: true, idleMs: 100 } },
  }),
)

// Far below the standard of the setting.
const bound = { timeout: 20_000 }

test(
  'a connection without a further request is closed after the time of the setting',
  bound,
  async () => {
    const { hostname, port } = new URL(gateway.url)
    const socket = connect({ host: hostname, port: Number(port), ca: pem('loopback.cert') })
    const { Authorization } = globexHeaders
    socket.write(
      `GET /rest/V1/products/24-MB01 HTTP/1.1\r\nHost: a\r\nAuthorization: ${Authorization}\r\n\r\n`,
    )
    assert.match(await text(socket), /^HTTP\/1\.1 200 /)
  },
)

test('so is one over HTTP/2', bound, async () => {
  const session = await openSession(gateway.url)
  assert.equal((await sendOver(session)).status, 200)
  await once(session, 'close')
})
