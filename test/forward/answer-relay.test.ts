import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Pool } from 'undici'
import {
  AnswerRelay,
  type RelayedExchange,
  type RelaySettings,
} from '../../src/forward/answer-relay.ts'
import { answerSettings } from '../support/answer-settings.ts'
import { send } from '../support/http-client.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { requestContext } from '../support/request.ts'

const defect = () => {
  throw new TypeError('inner workings')
}

interface Case {
  readonly where: string
  readonly answer: string
  readonly settings?: Partial<RelaySettings>
  readonly after?: RelayedExchange['after']
}

const short = '200 OK\r\nContent-Length: 2\r\n\r\n{}'
const long = `200 OK\r\nContent-Length: 9000000\r\n\r\n${'x'.repeat(100_000)}`
const refused = '401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}'

const cases: readonly Case[] = [
  { where: 'before a short answer ends', answer: short, settings: { beforeEnd: defect } },
  { where: 'where a short answer is written', answer: short, settings: { isDraining: defect } },
  { where: 'where a long answer is begun', answer: long, settings: { isDraining: defect } },
  { where: 'before a 401 ends', answer: refused, settings: { beforeEnd: defect } },
  { where: 'where a 401 is looked at', answer: refused, after: defect },
]

/** The answer of a server that answers its one request by way of a relay. */
async function answerThrough(
  magentoUrl: string,
  relay: (response: ServerResponse, pool: Pool) => void,
) {
  const pool = new Pool(magentoUrl)
  const server = createServer((_, response) => relay(response, pool)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const answer = await send(`http://127.0.0.1:${port}`)
  server.close()
  await pool.destroy()
  return answer
}

for (const { where, answer, settings: own, after = async () => undefined } of cases) {
  test(`a defect ${where} is told to who asked, says nothing about Magento and ends nothing else`, async () => {
    await using magento = await startRawUpstream((socket) => socket.write(`HTTP/1.1 ${answer}`))
    const told: unknown[] = []
    const { status } = await answerThrough(magento.url, (response, pool) => {
      const settings: RelaySettings = {
        ...answerSettings,
        internalOrigin: magento.url,
        ...own,
      }
      const relay = new AnswerRelay(requestContext(), response, settings, {
        ...{ spanId: '', totalMs: 60_000 },
        after,
      })
      const end = (ended: unknown) => {
        told.push(ended)
        response.writeHead(500).end()
      }
      relay.over.then(end, end)
      pool.dispatch({ path: '/', method: 'GET' }, relay)
    })
    assert.equal(status, 500)
    assert.deepEqual(told.map(String), ['TypeError: inner workings'])
  })
}

// undici hands out an empty piece when it goes on with an answer that was paused.
test('the last piece of a long answer to a write waits for its record although an empty one follows it', async () => {
  const body = 'x'.repeat(1_000_000)
  await using magento = await startRawUpstream((socket) =>
    socket.end(`HTTP/1.1 200 OK\r\n\r\n${body}`),
  )
  let writtenBefore = 0
  const answer = await answerThrough(magento.url, (response, pool) => {
    const write = response.write.bind(response)
    let written = 0
    response.write = (piece: Buffer) => {
      written += piece.length
      return write(piece)
    }
    const settings: RelaySettings = {
      ...answerSettings,
      internalOrigin: magento.url,
      beforeEnd: (_request, end) => {
        writtenBefore = written
        end(true)
      },
    }
    const exchange = { spanId: '', totalMs: 60_000, after: undefined }
    const relay = new AnswerRelay(requestContext({ method: 'POST' }), response, settings, exchange)
    pool.dispatch(
      { path: '/', method: 'POST' },
      {
        onRequestStart: (controller) => relay.onRequestStart(controller),
        onResponseStart: (controller, status) => relay.onResponseStart(controller, status),
        onResponseData: (controller, piece) => {
          relay.onResponseData(controller, piece)
          relay.onResponseData(controller, Buffer.alloc(0))
        },
        onResponseEnd: () => relay.onResponseEnd(),
      },
    )
  })
  assert.equal(answer.body, body)
  assert.ok(writtenBefore > 0 && writtenBefore < body.length, `${writtenBefore} bytes were sent`)
})
