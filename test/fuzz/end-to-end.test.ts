import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import type { AuditRecord } from '../../src/record/audit-record.ts'
import { globex, startGateway, testEnv } from '../support/gateway.ts'
import { startRawUpstream } from '../support/raw-upstream.ts'
import { fuzzRuns, fuzzSeed, mutate, pick, randomFrom } from './mutation.ts'

const token = `Authorization: Bearer ${testEnv.GLOBEX_TOKEN}\r\n`
const body = '{"product":{"sku":"A","price":1.5}}'
const chunks = `5\r\n${body.slice(0, 5)}\r\n${(body.length - 5).toString(16)}\r\n${body.slice(5)}\r\n0\r\n\r\n`
const json = 'Content-Type: application/json\r\n'
const seeds = [
  `GET /rest/V1/products/24-MB01?fields=sku,name HTTP/1.1\r\nHost: a\r\n${token}\r\n`,
  `GET /rest/all/V1/orders/7 HTTP/1.1\r\nHost: a\r\n${token}Accept: application/json\r\nX-A: b\r\n\r\n`,
  `POST /rest/V1/products HTTP/1.1\r\nHost: a\r\n${token}${json}Content-Length: ${body.length}\r\n\r\n${body}`,
  `POST /rest/V1/products HTTP/1.1\r\nHost: a\r\n${token}${json}Transfer-Encoding: chunked\r\n\r\n${chunks}`,
  `DELETE /rest/V1/products/A%2FB HTTP/1.1\r\nHost: a\r\n${token}Connection: close\r\n\r\n`,
  // Two on one connection.
  `POST /rest/V1/products HTTP/1.1\r\nHost: a\r\n${token}${json}Content-Length: ${body.length}\r\n\r\n${body}GET /rest/V1/products/B HTTP/1.1\r\nHost: a\r\n${token}\r\n`,
]
const pieces = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\r\n\r\n',
    ' ',
    '\t',
    '\0',
    ':',
    ',',
    ';',
    '/',
    '?',
    '%',
    '%2e',
    '\\',
    '#',
    'é',
  ],
  ...[
    '0\r\n\r\n',
    '5\r\n',
    '5;a=b\r\n',
    'ffffffffffffffff\r\n',
    '-1\r\n',
    '0x5\r\n',
    ' 5\r\n',
    '1\r\n',
  ],
  ...[
    'Content-Length: 0\r\n',
    'Content-Length: 5\r\n',
    'Content-Length: 99\r\n',
    'Content-Length:\r\n',
  ],
  ...[
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: x\r\n',
    'transfer-encoding:\tchunked\r\n',
  ],
  ...[
    'Connection: Authorization\r\n',
    'Connection: close\r\n',
    'Upgrade: h2c\r\n',
    'Expect: 100-continue\r\n',
  ],
  ...[
    'Host: b\r\n',
    'X-Forwarded-For: 1.2.3.4\r\n',
    'X-HTTP-Method-Override: DELETE\r\n',
    ' folded\r\n',
  ],
  ...['X-Request-Id: a\r\n', 'X-Signature: 00\r\n', 'Content-Encoding: gzip\r\n', 'Trailer: a\r\n'],
  ...[
    'GET ',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'CONNECT a:1 HTTP/1.1\r\n',
    ' HTTP/1.1',
    ' HTTP/1.0',
    ' HTTP/9.9',
  ],
  ...[
    'GET /rest/V1/products/smuggled HTTP/1.1\r\nHost: a\r\n',
    'http://a',
    '*',
    '"',
    '{',
    '}',
    '[1]',
  ],
]

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** What came over the wire, read by code of our own and strictly. */
function readWire(request: string) {
  const [head = '', ...rest] = request.split('\r\n\r\n')
  const [line = '', ...fields] = head.split('\r\n')
  const [, method, target] = /^([A-Z]+) (\/[!-~]*) HTTP\/1\.1$/.exec(line) ?? assert.fail(request)
  const headers = new Map<string, string>()
  for (const field of fields) {
    const [, name = '', value = ''] =
      /^([!-9;-~]+): ([^\r\n\0]*)$/.exec(field) ?? assert.fail(request)
    const key = name.toLowerCase()
    // Fields that decide stand once.
    if (/^(?:host|authorization|content-|transfer-|x-request-id|x-signature)/.test(key)) {
      assert.ok(!headers.has(key), request)
    }
    headers.set(key, value)
  }
  assert.ok(!headers.has('transfer-encoding'), request)
  return { method, target, headers, body: Buffer.from(rest.join('\r\n\r\n'), 'latin1') }
}

/** Sends bytes as they are; resolves with all that comes back until one side closes. */
function exchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let answers = ''
    const socket: Socket = connect(port, '127.0.0.1')
      .setEncoding('latin1')
      .on('data', (chunk) => {
        answers += chunk
      })
      .on('error', () => undefined)
      .on('close', () => resolve(answers))
    // What is cut off is known to be over, so that nothing is waited for.
    socket.end(bytes)
  })
}

test('what reaches Magento is what the record says was matched and what was signed, and nothing else does', async () => {
  const random = randomFrom(fuzzSeed)
  let forwarded = 0
  let refused = 0
  for (let left = fuzzRuns(1_500); left > 0; left -= batch) {
    const count = Math.min(left, batch)
    const { wire, records, answers } = await runBatch(
      Array.from({ length: count }, () => {
        return Buffer.from(mutate(random, pick(random, seeds), pieces), 'latin1')
      }),
    )
    for (const answer of answers) assert.doesNotMatch(answer, /^HTTP\/1\.1 5\d\d /m)
    const byId = new Map(records.map((record) => [record.requestId, record]))
    for (const request of wire) {
      checkForwarded(request, byId)
      forwarded += 1
    }
    const sent = records.filter(({ upstreamMs }) => upstreamMs !== undefined)
    // A caller that had left before may be recorded without having been sent.
    assert.ok(sent.length >= wire.length, `${sent.length} of ${wire.length}`)
    refused += records.length - sent.length
  }
  assert.ok(forwarded > 100 && refused > 100, `${forwarded} forwarded, ${refused} refused`)
})

/** So many requests go to one gateway, whose trail is then read. */
const batch = 3_000

async function runBatch(requests: readonly Buffer[]) {
  await using upstream = await startRawUpstream()
  await using gateway = await startGateway({
    magentoUrl: upstream.url,
    integrations: [globex],
    env: { UPSTREAM_SECRET: upstreamSecret },
    gateway: {
      magento: { upstreamSignature: { scheme: 'body', secret: 'env:UPSTREAM_SECRET' } },
    },
  })
  const port = Number(new URL(gateway.url).port)
  const answers: string[] = []
  const queue = [...requests]
  const workers = Array.from({ length: 16 }, async () => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      answers.push(await exchange(port, next))
    }
  })
  await Promise.all(workers)
  await gateway.stop()
  const lines = (await gateway.auditText()).split('\n').slice(0, -1)
  const records = lines.map((line) => JSON.parse(line) as AuditRecord)
  return { wire: upstream.requests, records, answers }
}

const upstreamSecret = 'secret-of-the-gateway-for-magento-0123456789'

function checkForwarded(request: string, byId: ReadonlyMap<string, AuditRecord>): void {
  const { method, target = '', headers, body } = readWire(request)
  const record = byId.get(headers.get('x-request-id') ?? '') ?? assert.fail(request)
  assert.equal(record.integration, 'globex-pim')
  assert.equal(record.method, method)
  const [path, ...query] = target.split('?')
  assert.match(path ?? '', recorded(record.path ?? ''))
  // The record has the query as it reads, in places without its encoding.
  assert.match(
    decodeURIComponent(query.join('?')),
    recorded(decodeURIComponent(record.query ?? '')),
  )
  assert.equal(record.bytesIn, body.length)
  assert.equal(record.bodySha256, body.length === 0 ? undefined : sha256(body))
  const signature = createHmac('sha256', upstreamSecret).update(body).digest('hex')
  assert.equal(headers.get('x-signature'), signature)
  assert.equal(headers.get('authorization'), `Bearer ${testEnv.MAGENTO_TOKEN}`)
  // What grants the route is what was sent.
  assert.ok(matches(record.route ?? '', method ?? '', path ?? ''), `${record.route} for ${target}`)
}

/** What a part of a target can have been that the record shows, redacted. */
function recorded(text: string): RegExp {
  return new RegExp(`^${text.split('[redacted]').map(RegExp.escape).join('[^&]*')}$`)
}

/** Whether a path is one of a route, read by code of our own. */
function matches(route: string, method: string, path: string): boolean {
  const [granted, pattern = ''] = route.split(' ')
  const wanted = pattern.split('/').slice(1)
  const parts = path.replace(/^\/rest\/(?:default\/|all\/)?/, '').split('/')
  return (
    granted === method &&
    parts.length === wanted.length &&
    wanted.every((part, index) => part.startsWith(':') || part === parts[index])
  )
}
