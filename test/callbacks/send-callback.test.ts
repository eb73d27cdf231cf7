import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import http, { type ServerResponse } from 'node:http'
import https from 'node:https'
import {
  createServer,
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  type Socket,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
} from 'node:net'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { compileDestination, type Resolve } from '../../src/callbacks/destination.ts'
import {
  prepareSender,
  type SenderSettings,
  type Sending,
} from '../../src/callbacks/send-callback.ts'
import { collectGarbage } from '../../src/cli/collect-garbage.ts'
import { pemFile } from '../support/tls/pem.ts'
import { startReceiver, status } from '../support/webhook-receiver.ts'

const loopback = ['127.0.0.0/8', '::1']
const { signal: neverStopped } = new AbortController()

/** A name server that answers each question with the next of its answers, and then the last again. */
function nameServer(...answers: readonly (readonly string[])[]) {
  const asked: string[] = []
  const resolve: Resolve = async (hostname) => {
    asked.push(hostname)
    return answers[Math.min(asked.length, answers.length) - 1] ?? []
  }
  return { asked, resolve }
}

/** Keeps Node from everything else, for so many milliseconds. */
function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

interface Options extends Partial<Omit<SenderSettings, 'destination'>> {
  readonly allowed?: readonly string[]
  readonly resolve?: Resolve
}

function send(url: string, options: Options = {}): Promise<Sending> {
  const { allowed = loopback, resolve = nameServer(['127.0.0.1']).resolve, ...settings } = options
  const sender = prepareSender(
    {
      destination: compileDestination(url, allowed),
      caFile: pemFile('loopback.cert'),
      timeoutMs: 20_000,
      ...settings,
    },
    { resolve, clock: Date.now },
  )
  return sender(['webhook-id', 'msg_1'], '{"type":"job.succeeded"}', neverStopped)
}

describe('a call-back that is sent', () => {
  test('is a POST of exactly the payload, with its fields, and any 2xx takes it', async () => {
    for (const code of [200, 201, 202, 204, 299]) {
      await using receiver = await startReceiver({ answer: status(code) })
      assert.deepEqual(await send(`${receiver.url}/hooks/magento?for=acme`), {
        outcome: 'delivered',
        status: code,
      })
      const [webhook] = receiver.received
      assert.equal(webhook?.method, 'POST')
      assert.equal(webhook?.path, '/hooks/magento?for=acme')
      assert.equal(webhook?.body, '{"type":"job.succeeded"}')
      assert.equal(webhook?.headers['content-type'], 'application/json')
      assert.equal(webhook?.headers['content-length'], '24')
      assert.equal(webhook?.headers['webhook-id'], 'msg_1')
      assert.equal(webhook?.headers.host, `127.0.0.1:${receiver.port}`)
      assert.equal(webhook?.serverName, false)
    }
  })

  test('has the length of its bytes, not of its characters', async () => {
    await using receiver = await startReceiver()
    const payload = '{"detail":"zu lang…"}'
    const destination = compileDestination(receiver.url, loopback)
    const settings = { destination, caFile: pemFile('loopback.cert'), timeoutMs: 20_000 }
    const sender = prepareSender(settings, { resolve: nameServer().resolve, clock: Date.now })
    assert.equal((await sender([], payload, neverStopped)).outcome, 'delivered')
    assert.equal(receiver.received[0]?.body, payload)
  })

  test('by name: SNI, certificate and Host are those of the name', async () => {
    await using receiver = await startReceiver({ certificate: 'elsewhere' })
    const { asked, resolve } = nameServer(['127.0.0.1'])
    const sending = await send(`https://elsewhere.example:${receiver.port}/`, {
      caFile: pemFile('elsewhere.cert'),
      resolve,
    })
    assert.deepEqual(sending, { outcome: 'delivered', status: 204 })
    assert.deepEqual(asked, ['elsewhere.example'])
    assert.equal(receiver.received[0]?.headers.host, `elsewhere.example:${receiver.port}`)
    assert.equal(receiver.received[0]?.serverName, 'elsewhere.example')
  })

  test('goes to the next address where one does not answer', async () => {
    await using receiver = await startReceiver({ certificate: 'elsewhere' })
    const { resolve } = nameServer(['127.0.0.9', '127.0.0.1'])
    const sending = await send(`https://elsewhere.example:${receiver.port}/`, {
      caFile: pemFile('elsewhere.cert'),
      resolve,
    })
    assert.equal(sending.outcome, 'delivered')
  })

  test('goes to an address that takes its time although another one is not there', async (t) => {
    await using receiver = await startReceiver()
    const attemptMs = getDefaultAutoSelectFamilyAttemptTimeout()
    // The shortest that Node takes.
    setDefaultAutoSelectFamilyAttemptTimeout(10)
    const onSocket = (message: unknown) => {
      const { socket } = message as { readonly socket: Socket }
      socket.once('connectionAttempt', () => process.nextTick(block, 50))
    }
    subscribe('net.client.socket', onSocket)
    t.after(() => {
      unsubscribe('net.client.socket', onSocket)
      setDefaultAutoSelectFamilyAttemptTimeout(attemptMs)
    })
    const { resolve } = nameServer(['127.0.0.1', '127.0.0.9'])
    const url = receiver.url.replace('127.0.0.1', 'localhost')
    // From here on, Node looks at its timers before it sees that the connection is there.
    await new Promise(setImmediate)
    assert.deepEqual(await send(url, { resolve }), { outcome: 'delivered', status: 204 })
  })

  test('goes to its address also where Node is told to try only the first', async (t) => {
    const isAuto = getDefaultAutoSelectFamily()
    t.after(() => setDefaultAutoSelectFamily(isAuto))
    setDefaultAutoSelectFamily(false)
    await using receiver = await startReceiver()
    const url = `https://localhost:${receiver.port}/`
    assert.equal((await send(url)).outcome, 'delivered')
  })

  test('by plain http arrives where that address is allowed', async () => {
    await using receiver = await startReceiver({ certificate: 'none' })
    assert.equal((await send(receiver.url)).outcome, 'delivered')
  })
})

test('the answer is read to its end, since some receivers go on working until then', async () => {
  const order: string[] = []
  const begun = Promise.withResolvers<ServerResponse>()
  await using receiver = await startReceiver({
    answer: (response) => {
      response.writeHead(200).write('working')
      begun.resolve(response)
    },
  })
  await using other = await startReceiver()
  const sent = send(receiver.url).then(() => order.push('sent'))
  const response = await begun.promise
  // This takes longer than the status takes to arrive.
  await send(other.url)
  order.push('ended')
  response.end()
  await sent
  assert.deepEqual(order, ['ended', 'sent'])
})

test('no agent of the process is used, which may have connections to elsewhere or go through a proxy', async (t) => {
  const { globalAgent: plain } = http
  const { globalAgent: secure } = https
  t.after(() => {
    http.globalAgent = plain
    https.globalAgent = secure
  })
  const refuse = () => assert.fail('the agent was used')
  http.globalAgent = Object.assign(new http.Agent(), { createConnection: refuse })
  https.globalAgent = Object.assign(new https.Agent(), { createConnection: refuse })
  for (const certificate of ['none', 'loopback'] as const) {
    await using receiver = await startReceiver({ certificate })
    assert.equal((await send(receiver.url)).outcome, 'delivered')
  }
})

/** A receiver in a thread of its own, which answers once this one is blocked. */
const otherThread = `
const { createServer } = require('node:http')
const { parentPort, workerData } = require('node:worker_threads')
const server = createServer((request, response) => {
  parentPort.postMessage('asked')
  Atomics.wait(workerData, 0, 0)
  response.writeHead(204).end()
})
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`

test('an answer counts that arrived while the process was suspended, though the time has passed', async (t) => {
  const workerData = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(otherThread, { eval: true, workerData })
  t.after(() => worker.terminate())
  const timeoutMs = 2_000
  const [port] = await once(worker, 'message')
  const sending = send(`http://127.0.0.1:${port}/`, { timeoutMs })
  await once(worker, 'message')
  Atomics.store(workerData, 0, 1)
  Atomics.notify(workerData, 0)
  block(timeoutMs)
  assert.deepEqual(await sending, { outcome: 'delivered', status: 204 })
})

describe('a receiver that says no', () => {
  test('with 410 wants no more', async () => {
    await using receiver = await startReceiver({ answer: status(410) })
    assert.deepEqual(await send(receiver.url), {
      outcome: 'gone',
      reason: 'STATUS_410',
      status: 410,
    })
  })

  test('with any other status has failed', async () => {
    for (const code of [300, 400, 401, 404, 429, 500, 502, 503]) {
      await using receiver = await startReceiver({ answer: status(code) })
      assert.deepEqual(await send(receiver.url), {
        outcome: 'failed',
        reason: `STATUS_${code}`,
        status: code,
      })
    }
  })

  test('may ask to be left alone for a while', async () => {
    await using receiver = await startReceiver({ answer: status(503, { 'Retry-After': '120' }) })
    assert.deepEqual(await send(receiver.url), {
      outcome: 'failed',
      reason: 'STATUS_503',
      status: 503,
      retryAfterMs: 120_000,
    })
  })

  test('by sending it elsewhere has failed too, and elsewhere gets nothing', async () => {
    await using elsewhere = await startReceiver()
    for (const code of [301, 302, 303, 307, 308]) {
      await using receiver = await startReceiver({
        answer: status(code, { Location: `${elsewhere.url}/` }),
      })
      assert.deepEqual(await send(receiver.url), {
        outcome: 'failed',
        reason: `STATUS_${code}`,
        status: code,
      })
    }
    assert.equal(elsewhere.connections(), 0)
  })
})

describe('an address that is not allowed', () => {
  const refused: Sending = { outcome: 'failed', reason: 'ADDRESS_REFUSED' }

  test('is never connected to: written in the URL, in any spelling', async () => {
    await using receiver = await startReceiver()
    for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '127.1', '[::ffff:127.0.0.1]']) {
      const url = `https://${host}:${receiver.port}/`
      assert.deepEqual(await send(url, { allowed: [] }), refused, host)
    }
    assert.equal(receiver.connections(), 0)
  })

  test('is never connected to: told by DNS, alone or behind a public one', async () => {
    await using receiver = await startReceiver()
    const url = `https://erp.example:${receiver.port}/`
    for (const found of [
      ...[['127.0.0.1'], ['::ffff:127.0.0.1'], ['::1'], ['64:ff9b::7f00:1']],
      ['93.184.215.14', '127.0.0.1'],
    ]) {
      const { resolve } = nameServer(found)
      assert.deepEqual(await send(url, { allowed: [], resolve }), refused, found.join())
    }
    assert.equal(receiver.connections(), 0)
  })

  test('is never connected to: told by DNS after the check, since it is asked once', async () => {
    await using first = await startReceiver({ certificate: 'elsewhere' })
    await using second = await startReceiver({
      certificate: 'elsewhere',
      host: '127.0.0.2',
      port: first.port,
    })
    const { asked, resolve } = nameServer(['127.0.0.1'], ['127.0.0.2'])
    const sending = await send(`https://elsewhere.example:${first.port}/`, {
      allowed: ['127.0.0.1'],
      caFile: pemFile('elsewhere.cert'),
      resolve,
    })
    assert.equal(sending.outcome, 'delivered')
    assert.deepEqual(asked, ['elsewhere.example'])
    assert.equal(first.received.length, 1)
    assert.equal(second.connections(), 0)
  })

  test('is never connected to: told by DNS for the next sending', async () => {
    await using first = await startReceiver({ certificate: 'elsewhere' })
    await using second = await startReceiver({
      certificate: 'elsewhere',
      host: '127.0.0.2',
      port: first.port,
    })
    const { resolve } = nameServer(['127.0.0.1'], ['127.0.0.2'])
    const sender = prepareSender(
      {
        destination: compileDestination(`https://elsewhere.example:${first.port}/`, ['127.0.0.1']),
        caFile: pemFile('elsewhere.cert'),
        timeoutMs: 20_000,
      },
      { resolve, clock: Date.now },
    )
    assert.equal((await sender([], '', neverStopped)).outcome, 'delivered')
    assert.deepEqual(await sender([], '', neverStopped), refused)
    assert.equal(second.connections(), 0)
  })
})

describe('a receiver that cannot be trusted', () => {
  test('gets nothing where nobody vouches for its certificate, whatever the environment says', async (t) => {
    t.after(() => {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    })
    await using receiver = await startReceiver()
    for (const isDemanded of ['1', '0']) {
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = isDemanded
      assert.deepEqual(await send(receiver.url, { caFile: undefined }), {
        outcome: 'failed',
        reason: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      })
    }
    assert.equal(receiver.received.length, 0)
  })

  test('gets nothing where its certificate is that of another name', async () => {
    await using receiver = await startReceiver({ certificate: 'elsewhere' })
    for (const host of ['127.0.0.1', 'erp.example']) {
      const url = `https://${host}:${receiver.port}/`
      assert.deepEqual(await send(url, { caFile: pemFile('elsewhere.cert') }), {
        outcome: 'failed',
        reason: 'ERR_TLS_CERT_ALTNAME_INVALID',
      })
    }
    assert.equal(receiver.received.length, 0)
  })

  test('gets nothing where it speaks no TLS', async () => {
    await using receiver = await startReceiver({ certificate: 'none' })
    const sending = await send(`https://127.0.0.1:${receiver.port}/`)
    assert.equal(sending.outcome, 'failed')
    assert.equal(receiver.received.length, 0)
  })
})

describe('a receiver that is not there, or never ends', () => {
  test('has failed with the code of the error, whose text nobody sees', async () => {
    const receiver = await startReceiver()
    await receiver.close()
    assert.deepEqual(await send(receiver.url), { outcome: 'failed', reason: 'ECONNREFUSED' })
    const resolve = async () => {
      throw Object.assign(new Error('getaddrinfo ENOTFOUND erp.example'), { code: 'ENOTFOUND' })
    }
    assert.deepEqual(await send('https://erp.example/', { resolve }), {
      outcome: 'failed',
      reason: 'ENOTFOUND',
    })
  })

  test('has failed when the time is over: nobody tells its address', async () => {
    const resolve: Resolve = () => new Promise(() => undefined)
    assert.deepEqual(await send('https://erp.example/', { resolve, timeoutMs: 20 }), {
      outcome: 'failed',
      reason: 'TIMEOUT',
    })
  })

  test('has failed when its queue is closed, or was before: nobody tells its address', async () => {
    const resolve: Resolve = () => new Promise(() => undefined)
    const destination = compileDestination('https://erp.example/', [])
    const settings = { destination, timeoutMs: 3_600_000 }
    const sender = prepareSender(settings, { resolve, clock: Date.now })
    const queue = new AbortController()
    const sending = sender([], '{}', queue.signal)
    queue.abort()
    for (const each of [sending, sender([], '{}', queue.signal)]) {
      assert.equal((await each).outcome, 'failed')
    }
  })

  test('has failed when the time is over: it takes the connection and shakes no hands', async () => {
    await using server = createServer()
    server.on('connection', (socket) => socket.on('error', () => undefined).resume())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    const sending = await send(`https://127.0.0.1:${address.port}/`, { timeoutMs: 50 })
    assert.deepEqual(sending, { outcome: 'failed', reason: 'TIMEOUT' })
  })

  test('has failed when the time is over: it takes the request and does not answer', async () => {
    await using receiver = await startReceiver({ answer: () => undefined })
    assert.deepEqual(await send(receiver.url, { timeoutMs: 500 }), {
      outcome: 'failed',
      reason: 'TIMEOUT',
    })
  })

  test('has taken the call-back with its status, and of its endless answer little is read', async () => {
    let writtenBytes = 0
    const left = Promise.withResolvers<void>()
    await using receiver = await startReceiver({
      answer: (response) => {
        response.writeHead(200).once('close', left.resolve)
        const piece = Buffer.alloc(65_536)
        const write = () => {
          while (!response.destroyed) {
            writtenBytes += piece.length
            if (!response.write(piece)) return void response.once('drain', write)
            // More than the system could hold on its way: somebody reads all of it.
            if (writtenBytes > 100_000_000) return void response.destroy()
          }
        }
        write()
      },
    })
    assert.deepEqual(await send(receiver.url), { outcome: 'delivered', status: 200 })
    await left.promise
    assert.ok(writtenBytes < 50_000_000, String(writtenBytes))
  })

  test('has taken the call-back with its status, once 16 KiB of its answer have come', async () => {
    await using receiver = await startReceiver({
      answer: (response) => void response.writeHead(200).write(Buffer.alloc(16_385)),
    })
    assert.deepEqual(await send(receiver.url, { timeoutMs: 3_600_000 }), {
      outcome: 'delivered',
      status: 200,
    })
  })

  test('has taken the call-back with its status, also where its answer hangs', async () => {
    await using receiver = await startReceiver({
      answer: (response) => {
        response.writeHead(200, { 'Content-Length': '100' })
        response.write('a part')
      },
    })
    assert.deepEqual(await send(receiver.url, { timeoutMs: 3_000 }), {
      outcome: 'delivered',
      status: 200,
    })
  })

  test('has failed where it changes to another protocol', async () => {
    await using receiver = await startReceiver({
      answer: (response) => {
        response.socket?.end(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: a\r\n\r\n',
        )
      },
    })
    assert.deepEqual(await send(receiver.url), { outcome: 'failed', reason: 'NO_ANSWER' })
  })

  test('has failed where its headers do not end', async () => {
    await using receiver = await startReceiver({
      answer: (response) => {
        response.on('error', () => undefined)
        response.writeHead(200, { 'X-Long': 'x'.repeat(100_000) }).end()
      },
    })
    assert.deepEqual(await send(receiver.url), {
      outcome: 'failed',
      reason: 'HPE_HEADER_OVERFLOW',
    })
  })
})

test('nothing is held of sendings that are over, however long the queue goes on', async (t) => {
  await using receiver = await startReceiver()
  const held: WeakRef<AbortSignal>[] = []
  const { any } = AbortSignal
  t.after(() => Object.assign(AbortSignal, { any }))
  AbortSignal.any = (signals) => {
    const signal = any.call(AbortSignal, signals)
    held.push(new WeakRef(signal))
    return signal
  }
  const destination = compileDestination(`https://localhost:${receiver.port}/`, loopback)
  const services = { resolve: async () => ['127.0.0.1'], clock: Date.now }
  const sender = prepareSender({ destination, timeoutMs: 20_000 }, services)
  const queue = new AbortController()
  for (let time = 0; time < 5; time += 1) await sender([], '{}', queue.signal)
  await collectGarbage()
  // The last one may still be in the frames of this very test.
  assert.deepEqual(
    held.slice(0, -1).map((each) => each.deref()),
    [undefined, undefined, undefined, undefined],
  )
  queue.abort()
})
