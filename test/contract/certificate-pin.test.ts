import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { compileCertificatePin } from '../../src/contract/certificate-pin.ts'
import { pem } from '../support/tls/pem.ts'

const certificate = new X509Certificate(pem('client.cert'))
const key = certificate.publicKey.export({ type: 'spki', format: 'der' })
const spkiSha256 = [createHash('sha256').update(key).digest('hex')]
const subject = { CN: 'acme-erp' }
const fromMs = certificate.validFromDate.getTime()
const toMs = certificate.validToDate.getTime()

for (const [name, pin] of Object.entries({ key: { spkiSha256 }, subject: { subject } })) {
  describe(`a certificate that is pinned by its ${name}`, () => {
    const isPinnedAt = (nowMs: number) =>
      compileCertificatePin(pin)({ certificate, isChainTrusted: true }, nowMs)

    test('counts within its time, and neither before nor after', () => {
      assert.deepEqual([fromMs - 1, fromMs, toMs, toMs + 1].map(isPinnedAt), [
        false,
        true,
        true,
        false,
      ])
    })
  })
}

test('either of two keys counts, as while the key is being changed', () => {
  const other = '0'.repeat(64)
  const isPinned = (...pins: string[]) =>
    compileCertificatePin({ spkiSha256: pins })({ certificate, isChainTrusted: false }, fromMs)
  assert.equal(isPinned(other, ...spkiSha256), true)
  assert.equal(isPinned(...spkiSha256, other), true)
  assert.equal(isPinned(other), false)
})

test('a subject that nobody vouches for does not count, and neither does a part of it that differs', () => {
  const isPinned = (wanted: Record<string, string>, isChainTrusted: boolean) =>
    compileCertificatePin({ subject: wanted })({ certificate, isChainTrusted }, fromMs)
  assert.equal(isPinned(subject, true), true)
  assert.equal(isPinned(subject, false), false)
  assert.equal(isPinned({ ...subject, O: 'Globex' }, true), false)
  assert.equal(isPinned({ ...subject, OU: 'nobody' }, true), false)
})

test('a certificate is taken apart once, however many pins it is held against', (t) => {
  const presented = { certificate: new X509Certificate(pem('client.cert')), isChainTrusted: true }
  const read = t.mock.method(X509Certificate.prototype, 'toLegacyObject').mock
  const pins = ['globex-pim', 'acme-erp'].map((CN) => compileCertificatePin({ subject: { CN } }))
  assert.deepEqual(
    pins.map((isPinned) => isPinned(presented, fromMs)),
    [false, true],
  )
  assert.equal(read.callCount(), 1)
})
