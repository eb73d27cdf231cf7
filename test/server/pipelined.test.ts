import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { globex, startGateway } from '../support/gateway.ts'
import { globexHeaders } from '../support/http-client.ts'
import { answerOn, begin, openSession } from '../support/http2-client.ts'
import { answerWith, startRawUpstream } from '../support/raw-upstream.ts'
import { loopbackTls, pem } from '../support/tls/pem.ts'

/** More than Node lets answers pile up before it stops to read requests. */
const longBytes = 200_000

test('requests behind a long answer are all answered, in order, though each is a TLS record', async () => {
  const first = Promise.withResolvers<Socket>()
  await using magento = await startRawUpstream((socket, request) => {
    const [, name = ''] = /^accept: (\w+)/m.exec(request) ?? []
    if (name === 'first') first.resolve(socket)
    else answerWith(socket, { body: name === 'long' ? 'x'.repeat(longBytes) : `<${name}>` })
  })
  await using gateway = await startGateway({
    magentoUrl: magento.url,
    integrations: [globex],
    gateway: { listen: { tls: loopbackTls, requireHttps: true } },
  })
  const { hostname, port } = new URL(gateway.url)
  const caller = connect({ host: hostname, port: Number(port), ca: pem('loopback.cert') })
  await once(caller, 'secureConnect')
  const answers = text(caller.setEncoding('latin1'))
  const ask = (name: string, more = '') =>
    caller.write(
      `GET /rest/V1/products/a HTTP/1.1\r\nHost: a\r\nAuthorization: ${globexHeaders.Authorization}\r\n` +
        `Accept: ${name}\r\n${more}\r\n`,
    )
  ask('first')
  ask('long')
  await magento.requestsReach(2)
  // By the time that another caller has its answer, the long one waits for the first.
  const other = await openSession(gateway.url)
  assert.equal((await answerOn(begin(other))).status, 200)
  other.destroy()
  // They are read together, and Node stops to read with the first of them.
  for (const name of ['a', 'b', 'c']) ask(name)
  ask('d', 'Connection: close\r\n')
  await magento.requestsReach(4)
  answerWith(await first.promise, { body: '<first>' })
  assert.deepEqual((await answers).match(/<\w+>|x{9,}/g), [
    '<first>',
    'x'.repeat(longBytes),
    ...['<a>', '<b>', '<c>', '<d>'],
  ])
  const records = await gateway.auditRecords(7)
  assert.ok(records.every(({ status }) => status === 200))
})
