import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  keyidOf,
  readInputs,
  readMessageSignature,
  readSignatures,
} from '../../../src/authenticate/message-signature/signature-input.ts'

const of = (...values: string[]) => keyidOf(values.flatMap((value) => ['signature-INPUT', value]))

test('reads the keyid of the only signature, or of the one with the tag', () => {
  assert.equal(of('a=();keyid="k1"'), 'k1')
  assert.equal(of('a=();keyid="k1"', 'b=("@method");tag="magegate";keyid="k2"'), 'k2')
  const headers = ['Signature-Input', 'a=();keyid="k1";tag="x", b=();keyid="k2";tag="y"']
  assert.equal(keyidOf(headers, 'x'), 'k1')
})

test('the fields of one request are parsed once, for whoever asks', () => {
  const headers = ['Signature-Input', 'a=()', 'Signature', 'a=:AA==:']
  for (const read of [readInputs, readSignatures]) {
    const dictionary = read(headers)
    assert.ok(!('reason' in dictionary) && dictionary.has('a'))
    assert.equal(read(headers), dictionary)
  }
  assert.notEqual(readSignatures(headers), readInputs(headers))
})

test('reads no keyid if there is no signature, or several', () => {
  assert.equal(of(), undefined)
  assert.equal(of('a=()'), undefined)
  assert.equal(of('a=();keyid=k1'), undefined)
  assert.equal(of('a=();keyid="k1";keyid="k1"'), undefined)
  assert.equal(of('a=();keyid="k1", b=();keyid="k2"'), undefined)
  assert.equal(of('a=();keyid="k1"', 'a=();keyid="k2"'), undefined)
  assert.equal(of('a=();keyid="k1" x'), undefined)
  assert.equal(of(`a=();keyid="${'k'.repeat(4096)}"`), undefined)
})

test('reads as many as four signatures, and of 32 components', () => {
  const names = Array.from({ length: 32 }, (_, index) => `"x${index}"`).join(' ')
  const four = `a=(), b=(), c=(), d=(${names});tag="magegate"`
  const signatures = 'a=:AA==:, b=:AA==:, c=:AA==:, d=:AA==:'
  const found = readMessageSignature(['Signature-Input', four, 'Signature', signatures])
  assert.ok(!('reason' in found))
  assert.equal(found.components.length, 32)
})

test('never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      of(value, `a=();keyid=${value}`)
    }),
  )
})
