import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Pool } from 'undici'
import { AnswerRelay } from '../../src/forward/answer-relay.ts'
import { send } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { requestContext } from '../support/request.ts'

for (const [status, line] of [
  [200, '200 OK'],
  [401, '401 Unauthorized'],
] as const) {
  test(`a defect while an answer with ${status} is passed on is told to who asked, and ends nothing else`, async () => {
    await using magento = await startRawUpstream((socket) =>
      socket.write(`HTTP/1.1 ${line}\r\nContent-Length: 2\r\n\r\n{}`),
    )
    const pool = new Pool(magento.url)
    const told: unknown[] = []
    const server = createServer((_, response) => {
      const settings = {
        ...{ problemsUrl: '/problems', internalOrigin: magento.url, readMs: 60_000 },
        isDraining: () => false,
        beforeEnd: () => {
          throw new TypeError('inner workings')
        },
        onUnwritten: () => assert.fail(),
      }
      const exchange = { spanId: '', totalMs: 60_000, after: async () => undefined }
      const relay = new AnswerRelay(requestContext(), response, settings, exchange)
      relay.over.catch((error: unknown) => {
        told.push(error)
        response.writeHead(500).end()
      })
      pool.dispatch({ path: '/', method: 'GET' }, relay)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    assert.equal((await send(`http://127.0.0.1:${port}`)).status, 500)
    assert.match(String(told), /inner workings/)
    server.close()
    await pool.close()
  })
}
