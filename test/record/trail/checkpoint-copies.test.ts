import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { mock, test } from 'node:test'
import {
  copyCheckpoints,
  copyToFile,
  copyToUrl,
} from '../../../src/record/trail/checkpoint-copies.ts'
import { temporaryFolder } from '../../support/shared.ts'

/** Lets what has been promised so far happen. */
const settled = () => new Promise(setImmediate)

test('a second place that is away is reported, and gets all checkpoints in order when it is back', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const arrived: string[] = []
  const errors: unknown[] = []
  const away = new Error('away')
  let isAway = true
  const copies = copyCheckpoints(
    async (line) => {
      if (isAway) throw away
      arrived.push(line)
    },
    (error) => errors.push(error),
  )
  try {
    for (const line of ['one', 'two']) copies.add(line)
    await settled()
    // Not tried before it is due.
    copies.add('three')
    await settled()
    assert.deepEqual(errors, [away])
    mock.timers.tick(5000)
    await settled()
    assert.deepEqual([arrived, errors], [[], [away, away]])
    isAway = false
    mock.timers.tick(5000)
    await settled()
    assert.deepEqual(arrived, ['one', 'two', 'three'])
    copies.add('four')
    await settled()
    assert.deepEqual(arrived, ['one', 'two', 'three', 'four'])
    isAway = true
    copies.add('five')
    await settled()
    isAway = false
    // Without waiting for the next attempt.
    await copies.close()
    assert.deepEqual(arrived, ['one', 'two', 'three', 'four', 'five'])
    isAway = true
    copies.add('six')
    await copies.close()
    const { length } = errors
    mock.timers.tick(5000)
    await settled()
    assert.equal(errors.length, length)
  } finally {
    mock.timers.reset()
  }
})

test('a stop waits one second for a second place that hangs, reports it, and copies nothing more', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const begun: string[] = []
  const errors: unknown[] = []
  const hang = Promise.withResolvers<void>()
  const copies = copyCheckpoints(
    (line) => {
      begun.push(line)
      return hang.promise
    },
    (error) => errors.push(String(error)),
  )
  try {
    for (const line of ['one', 'two']) copies.add(line)
    let isClosed = false
    const closed = copies.close().then(() => {
      isClosed = true
    })
    mock.timers.tick(999)
    await settled()
    assert.equal(isClosed, false)
    mock.timers.tick(1)
    await settled()
    assert.equal(isClosed, true)
    await closed
    assert.deepEqual(errors, ['Error: no time for 2 checkpoints to arrive at a second place'])
    hang.resolve()
    await settled()
    assert.deepEqual(begun, ['one'])
  } finally {
    mock.timers.reset()
  }
})

test('for a second place that is too slow the oldest checkpoints are given up, and no other one', async () => {
  const arrived: string[] = []
  const first = Promise.withResolvers<void>()
  const copies = copyCheckpoints(
    async (line) => {
      if (line === '0') await first.promise
      arrived.push(line)
    },
    (error) => assert.fail(String(error)),
  )
  const lines = Array.from({ length: 10_002 }, (_, number) => String(number))
  for (const line of lines) copies.add(line)
  first.resolve()
  await copies.close()
  // The first was on its way already; the second had to make room.
  assert.deepEqual(arrived, ['0', ...lines.slice(2)])
})

test('a copy begins a new line behind one that was cut off, as by a full disk, in a file that others cannot read', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'checkpoints')
  await writeFile(path, 'one\ntw')
  const copy = copyToFile(path)
  for (const line of ['two', 'three']) await copy(line)
  assert.equal(await readFile(path, 'utf8'), 'one\ntw\ntwo\nthree\n')
  const created = join(folder, 'created')
  await copyToFile(created)('one')
  assert.equal((await stat(created)).mode & 0o007, 0)
})

test('a copy to a URL has arrived only when that URL itself answers 2xx', async () => {
  const posted: unknown[] = []
  await using receiver = createServer(async (request, response) => {
    const { method, url, headers } = request
    posted.push([method, url, headers['content-type'], await text(request)])
    const status = Number(url?.slice(1))
    response.writeHead(status, status === 307 ? { Location: '/200' } : {}).end()
  })
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const at = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
  await copyToUrl(`${at}/200`)('{"v":1}')
  await copyToUrl(`${at}/202`)('{"v":2}')
  for (const status of [307, 400, 404, 500]) {
    await assert.rejects(copyToUrl(`${at}/${status}`)('{}'), Error, String(status))
  }
  assert.deepEqual(posted.slice(0, 2), [
    ['POST', '/200', 'application/json', '{"v":1}'],
    ['POST', '/202', 'application/json', '{"v":2}'],
  ])
  // The redirect was not followed.
  assert.equal(posted.length, 6)
})

test('a copy to a URL leaves no connection open whose answer is long', async () => {
  await using receiver = createServer((_, response) => void response.end(Buffer.alloc(8_388_608)))
  receiver.listen(0, '127.0.0.1')
  const closed = new Promise((resolve) =>
    receiver.once('connection', (socket) => socket.once('close', resolve)),
  )
  await once(receiver, 'listening')
  await copyToUrl(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}`)('{}')
  await closed
})

test('a copy goes to a URL with a user and a password, too', async () => {
  const credentials: unknown[] = []
  await using receiver = createServer((request, response) => {
    credentials.push([request.url, request.headers.authorization])
    response.end()
  })
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const { port } = receiver.address() as AddressInfo
  await copyToUrl(`http://audit:p%40ss@127.0.0.1:${port}/in?a=1`)('{}')
  const basic = Buffer.from('audit:p@ss').toString('base64')
  assert.deepEqual(credentials, [['/in?a=1', `Basic ${basic}`]])
})
