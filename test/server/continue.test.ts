import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { globex, startGateway, type TestGateway } from '../support/gateway.ts'
import { globexHeaders } from '../support/http-client.ts'
import { answerOn, begin, openSession } from '../support/http2-client.ts'
import { type RawUpstream, startRawUpstream } from '../support/raw-upstream.ts'
import { loopbackTls, pem } from '../support/tls/pem.ts'

const body = '{"product":{"sku":"a"}}'
const path = '/rest/V1/products'
const fields = { ...globexHeaders, 'content-type': 'application/json', expect: '100-continue' }
const tooLong = 5_000

interface Answer {
  readonly status: number | undefined
  readonly isContinued: boolean
}

/** Announces a body and sends it when it is told to go on. */
type Ask = (announcedBytes: number, target?: string) => Promise<Answer>

describe('a caller that waits for 100 before it sends its body', () => {
  let upstream: RawUpstream
  let gateway: TestGateway
  before(async () => {
    upstream = await startRawUpstream()
    gateway = await startGateway({
      magentoUrl: upstream.url,
      integrations: [globex],
      gateway: { listen: { tls: loopbackTls, requireHttps: true }, limits: { bodyBytes: 4_096 } },
    })
  })
  after(async () => {
    await gateway[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
  })

  const asks: Record<string, Ask> = {
    'HTTP/1.1': async (announcedBytes, target = path) => {
      const headers = { ...fields, 'content-length': announcedBytes }
      const options = { method: 'POST', headers, ca: pem('loopback.cert'), agent: false }
      const outgoing = request(`${gateway.url}${target}`, options)
      let isContinued = false
      outgoing.on('continue', () => {
        isContinued = true
        outgoing.end(body)
      })
      outgoing.flushHeaders()
      const [response] = await once(outgoing, 'response')
      await text(response)
      outgoing.destroy()
      return { status: response.statusCode, isContinued }
    },
    'HTTP/2': async (announcedBytes, target = path) => {
      const session = await openSession(gateway.url)
      const headers = { ...fields, 'content-length': announcedBytes }
      const stream = begin(session, { ':method': 'POST', ':path': target, ...headers })
      let isContinued = false
      stream.on('continue', () => {
        isContinued = true
        stream.end(body)
      })
      const { status } = await answerOn(stream)
      session.destroy()
      return { status, isContinued }
    },
  }
  test('is kept on its connection where it has none to send', async () => {
    const agent = new Agent({ keepAlive: true, ca: pem('loopback.cert') })
    const outgoing = request(`${gateway.url}${path}`, { headers: fields, agent })
    outgoing.end()
    const [response] = await once(outgoing, 'response')
    await text(response)
    agent.destroy()
    assert.deepEqual([response.statusCode, response.headers.connection], [200, 'keep-alive'])
  })

  for (const [protocol, ask] of Object.entries(asks)) {
    test(`over ${protocol} is told to go on, and answered`, async () => {
      assert.deepEqual(await ask(body.length), { status: 200, isContinued: true })
    })

    test(`over ${protocol} is told that its body is too long, and not to go on`, async () => {
      assert.deepEqual(await ask(tooLong), { status: 413, isContinued: false })
    })

    test(`over ${protocol} is told what is wrong with its head, and not to go on`, async () => {
      const answer = await ask(body.length, '/wp-login.php')
      assert.deepEqual(answer, { status: 400, isContinued: false })
    })
  }
})
