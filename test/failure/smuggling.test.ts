import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { globexHeaders, sendRaw } from '../support/http-client.ts'
import { watchedGateway } from './watched-gateway.ts'

const { url, forwarded } = await watchedGateway({})
// For what the gateway must not take for a request that is whole.
const hurried = await watchedGateway({ requestTimeoutMs: 1_000 })

const token = `Authorization: ${globexHeaders.Authorization}\r\n`
const path = '/rest/V1/products/24-MB01'
const get = `GET ${path} HTTP/1.1\r\nHost: a\r\n${token}`
const post = `POST /rest/V1/products HTTP/1.1\r\nHost: a\r\n${token}Content-Type: application/json\r\n`
const smuggled = `GET ${path}?smuggled HTTP/1.1\r\nHost: a\r\n${token}Connection: close\r\n\r\n`
const chunked = 'Transfer-Encoding: chunked\r\n'
const length = (bytes: number | string) => `Content-Length: ${bytes}\r\n`
const product = '{"product":{"sku":"A"}}'
const inChunks = `${product.length.toString(16)}\r\n${product}\r\n0\r\n\r\n`

function statusesIn(answers: string): number[] {
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)]
    .map(([, status]) => Number(status))
    .filter((status) => status !== 100)
}

describe('forwards nothing of what could be read in two ways', () => {
  for (const [name, bytes] of Object.entries({
    'a coding with a vertical tab': `${post}${length(4)}Transfer-Encoding:\vchunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'a coding with a space before the colon': `${post}${length(4)}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'a coding that begins with a space': `POST /rest/V1/products HTTP/1.1\r\n Transfer-Encoding: chunked\r\nHost: a\r\n${token}${length(4)}\r\n0\r\n\r\n${smuggled}`,
    'a coding in quotes': `${post}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n${smuggled}`,
    'a coding twice in one field': `${post}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'a coding twice in two fields': `${post}${chunked}${chunked}\r\n0\r\n\r\n${smuggled}`,
    'an empty coding': `${post}Transfer-Encoding:\r\n${length(2)}\r\n{}${smuggled}`,
    'a coding behind a line break of its own': `${post}X-A: b\nTransfer-Encoding: chunked\r\n${length(2)}\r\n{}${smuggled}`,
    'chunks in HTTP/1.0': `${post.replace('HTTP/1.1', 'HTTP/1.0')}${chunked}${length(2)}\r\n0\r\n\r\n${smuggled}`,
    'chunks alone in HTTP/1.0': `${post.replace('HTTP/1.1', 'HTTP/1.0')}Connection: keep-alive\r\n${chunked}\r\n${inChunks}${smuggled}`,
    'an empty length': `${post}Content-Length:\r\n\r\n{}${smuggled}`,
    'a length with a comma': `${post}${length('2,2')}\r\n{}${smuggled}`,
    'a length with a space in it': `${post}${length('2 2')}\r\n{}${smuggled}`,
    'a chunk that ends in LF alone': `${post}${chunked}\r\n2\n{}\r\n0\r\n\r\n${smuggled}`,
    'a chunk that ends in CR alone': `${post}${chunked}\r\n2\r{}\r\n0\r\n\r\n${smuggled}`,
    'a chunk with a sign': `${post}${chunked}\r\n+2\r\n{}\r\n0\r\n\r\n${smuggled}`,
    'a chunk in hex notation': `${post}${chunked}\r\n0x2\r\n{}\r\n0\r\n\r\n${smuggled}`,
    'a chunk with a negative size': `${post}${chunked}\r\n-2\r\n{}\r\n0\r\n\r\n${smuggled}`,
    'a chunk extension with LF in it': `${post}${chunked}\r\n2;a\nb\r\n{}\r\n0\r\n\r\n${smuggled}`,
    'chunk extensions without end': `${post}${chunked}\r\n2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n${smuggled}`,
    'two hosts': `GET ${path} HTTP/1.1\r\nHost: a\r\nHost: b\r\n${token}Connection: close\r\n\r\n`,
    'a header folded with a tab': `${get}X-A: b\r\n\tc\r\n\r\n`,
    'a CR at the end of a value': `${get}X-A: b\r\r\n\r\n`,
    'a target of an authority': `GET a:80 HTTP/1.1\r\nHost: a\r\n${token}Connection: close\r\n\r\n`,
    'a target of two slashes': `GET /${path} HTTP/1.1\r\nHost: a\r\n${token}Connection: close\r\n\r\n`,
    'a target with a fragment': `GET ${path}#a HTTP/1.1\r\nHost: a\r\n${token}Connection: close\r\n\r\n`,
    'a target in two words': `GET ${path} a HTTP/1.1\r\nHost: a\r\n${token}Connection: close\r\n\r\n`,
    'CONNECT to an authority': `CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n${token}\r\n${smuggled}`,
    'the preface of HTTP/2 with frames': `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0${smuggled}`,
  })) {
    test(name, async () => {
      const answers = await sendRaw(hurried.url, Buffer.from(bytes, 'latin1'))
      assert.deepEqual(statusesIn(answers), [400], answers)
      assert.deepEqual(hurried.forwarded(), [])
    })
  }
})

describe('forwards as one request, whole and in a form of its own', () => {
  const bodyOf = (request = '') => request.slice(request.indexOf('\r\n\r\n') + 4)
  for (const [name, bytes] of Object.entries({
    'a body in chunks': `${post}Connection: close\r\n${chunked}\r\n${inChunks}`,
    'a body in chunks of one byte': `${post}Connection: close\r\n${chunked}\r\n${product.replaceAll(/./gs, '1\r\n$&\r\n')}0\r\n\r\n`,
    'chunk extensions': `${post}Connection: close\r\n${chunked}\r\n${inChunks.replace('\r\n', ';a=b;c="d"\r\n')}`,
    'a size of a chunk with zeros before it': `${post}Connection: close\r\n${chunked}\r\n000${inChunks}`,
    'a coding in capitals': `${post}Connection: close\r\nTRANSFER-ENCODING: Chunked\r\n\r\n${inChunks}`,
    'trailers, which it leaves out': `${post}Connection: close\r\n${chunked}Trailer: X-A\r\n\r\n${inChunks.replace(/\r\n$/, 'X-A: b\r\n\r\n')}`,
    'a body after 100-continue': `${post}Connection: close\r\nExpect: 100-continue\r\n${length(product.length)}\r\n${product}`,
    'a body whose length stands behind thousands of fields': `${post}Connection: close\r\n${'a:\r\n'.repeat(2_500)}${length(product.length)}\r\n${product}`,
    'a body beside an Upgrade to HTTP/2': `${post}Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n${length(product.length)}\r\n${product}`,
    'a body beside a field that looks like a coding': `${post}Connection: close\r\nTransfer_Encoding: chunked\r\n${length(product.length)}\r\n${product}`,
  })) {
    test(name, async () => {
      const answers = await sendRaw(url, bytes)
      assert.deepEqual(statusesIn(answers), [200], answers)
      const [request, ...more] = forwarded()
      assert.deepEqual(more, [])
      assert.equal(bodyOf(request), product)
      assert.match(request ?? '', new RegExp(`^content-length: ${product.length}\r$`, 'im'))
      assert.doesNotMatch(
        request ?? '',
        /^(?:transfer|trailer|upgrade|http2-settings|expect|x-a|connection: .*upgrade)/im,
      )
    })
  }
})

test('a transfer coding that nobody would decode is refused', async () => {
  const coded = `${post}Connection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n${inChunks}`
  const answers = await sendRaw(url, coded)
  assert.deepEqual(statusesIn(answers), [400])
  assert.match(answers, /The only transfer coding that is taken is chunked\./)
  assert.deepEqual(forwarded(), [])
})

test('a field in a trailer section does not identify the caller', async () => {
  const anonymous = post.replace(token, '')
  const answers = await sendRaw(
    url,
    `${anonymous}Connection: close\r\n${chunked}\r\n${inChunks.replace(/\r\n$/, `${token}\r\n`)}`,
  )
  assert.deepEqual(statusesIn(answers), [401])
  assert.deepEqual(forwarded(), [])
})

test('a body of one request is never the next request', async () => {
  const body = JSON.stringify({ product: { sku: smuggled } })
  const answers = await sendRaw(
    url,
    `${post}${length(body.length)}\r\n${body}${post}${chunked}\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n${get}Connection: close\r\n\r\n`,
  )
  assert.deepEqual(statusesIn(answers), [200, 200, 200])
  assert.deepEqual(
    forwarded()
      .map((request) => request.split(' ', 2).join(' '))
      .sort(),
    [`GET ${path}`, 'POST /rest/V1/products', 'POST /rest/V1/products'],
  )
})
