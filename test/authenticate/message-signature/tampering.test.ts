import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { prepareMessageSignature } from '../../../src/authenticate/message-signature/verify.ts'
import {
  nowMs,
  origin,
  received,
  type SignedParts,
  settings,
  signedParts,
} from './signed-request.ts'

const verify = prepareMessageSignature(settings, origin)

const segment = fc.stringMatching(/^[A-Za-z0-9~_-]{1,12}$/)
const queryText = fc.stringMatching(/^[A-Za-z0-9~_=&%-]{1,20}$/)
// Bytes that HTTP lets stand in a field, without white space around them.
const fieldText = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/)

const requests = fc.record({
  method: fc.constantFrom('POST', 'PUT', 'DELETE'),
  target: fc
    .tuple(segment, fc.option(queryText, { nil: undefined }))
    .map(([path, query]) => `/rest/V1/${path}${query === undefined ? '' : `?${query}`}`)
    .filter(
      (target) =>
        received({ method: 'GET', target, headers: {}, body: Buffer.alloc(0) }).parsedTarget !==
        undefined,
    ),
  headers: fc.record({ 'Content-Type': fieldText, 'X-Covered': fieldText }),
  body: fc.uint8Array({ minLength: 1, maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  algorithm: fc.constantFrom('hmac-sha256', 'ed25519', 'ecdsa-p256-sha256'),
})

const components = [
  ...['@method', '@authority', '@path', '@query', 'content-digest', 'content-type', 'x-covered'],
]

/** Every text of a request that a signature is made over, or is made of. */
const places = ['method', 'target', 'body', 'Content-Type', 'X-Covered', 'Content-Digest'] as const
const signatureFields = ['Signature-Input', 'Signature'] as const

function flip(text: string | Buffer, where: number): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : Buffer.from(text)
  const bit = where % (bytes.length * 8)
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return bytes
}

function flipped(signed: SignedParts, place: string, where: number): SignedParts {
  if (place === 'body') return { ...signed, body: flip(signed.body, where) }
  if (place === 'method' || place === 'target') {
    return { ...signed, [place]: flip(signed[place], where).toString('latin1') }
  }
  const value = flip(signed.headers[place] ?? '', where).toString('latin1')
  return { ...signed, headers: { ...signed.headers, [place]: value } }
}

test('what was signed verifies, and with any bit of it flipped it does not', () => {
  fc.assert(
    fc.property(
      requests,
      fc.constantFrom(...places, ...signatureFields),
      fc.nat(),
      (parts, place, where) => {
        const signed = signedParts({ ...parts, components })
        assert.ok('keyId' in verify(received(signed), nowMs))
        const changed = received(flipped(signed, place, where))
        // Refused before, by the step request-target.
        if (changed.parsedTarget === undefined) return
        assert.ok('reason' in verify(changed, nowMs))
      },
    ),
    { numRuns: 1000 },
  )
})

test('nothing that stands in the fields of a signature makes the verifier throw', () => {
  const piece = fc.constantFrom(
    ...['sig1', '=', '(', ')', '"@method"', '"@path"', '"', ';', ',', ' ', ':', 'AA==', ':AA==:'],
    ...[';sf', ';key="a"', ';created=1', ';nonce="n"', '?1', '1.5', '@1', '%"', '\t', '\\', '*'],
  )
  const value = fc.oneof(
    fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary', maxLength: 40 }),
  )
  fc.assert(
    fc.property(value, value, value, (input, signature, digest) => {
      const headers = {
        'Signature-Input': input,
        Signature: signature,
        'Content-Digest': digest,
        'Content-Type': 'application/json',
      }
      const parts = { method: 'POST', target: '/rest/V1/x', headers, body: Buffer.from('{}') }
      assert.ok('reason' in verify(received(parts), nowMs))
    }),
    { numRuns: 2000 },
  )
})
