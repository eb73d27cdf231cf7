import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readMessageSignature } from '../../src/authenticate/message-signature/signature-input.ts'
import {
  parseStrictDictionary,
  reserialize,
} from '../../src/authenticate/message-signature/structured-field.ts'
import { fuzzRuns, fuzzSeed, mutate, pick, randomFrom } from './mutation.ts'

const seeds = [
  'sig1=("@method" "@path" "content-type";sf);created=1795521600;nonce="abc";keyid="k"',
  'sig1=:8gjhCPTtD+28tkminxfZdiXHWKJ7w8ZVZ/Xw6yIq8HI=:, b=:AAAA:',
  'sha-256=:3feBIiZ4P4x2Ra771wVAyNOyl9uhJq99WgLcztC56lk=:',
  'a=?1, b;c=tok/en;d=-1.5, e=("x" y 2)',
]
const pieces = [
  ...[
    ' ',
    '\t',
    ',',
    ';',
    '=',
    '(',
    ')',
    '"',
    '\\',
    '\\"',
    ':',
    '?',
    '?0',
    '-',
    '.',
    '*',
    '@',
    '%',
  ],
  ...[
    'é',
    '\0',
    '\n',
    '0',
    '00',
    '-0',
    '1.',
    '1.0',
    '999999999999999',
    '9999999999999999',
    'A',
    'a',
  ],
  ...['sig1', 'sig1=', '==', ':AAA=:', ':AAB=:', 'alg', 'key', '"@query-param";name="a"', 'True'],
]

test('a field is read in one way only, or refused, and nothing in it throws', () => {
  const random = randomFrom(fuzzSeed)
  let passed = 0
  for (let left = fuzzRuns(50_000); left > 0; left -= 1) {
    const text = mutate(random, pick(random, seeds), pieces)
    readMessageSignature(['Signature-Input', text, 'Signature', pick(random, seeds)])
    const parsed = parseStrictDictionary(text)
    const again = reserialize(text, 'dictionary')
    assert.equal(parsed === undefined, again === undefined, text)
    if (parsed === undefined || again === undefined) continue
    passed += 1
    assert.deepEqual(parseStrictDictionary(again), parsed, text)
    assert.equal(reserialize(again, 'dictionary'), again, text)
    // All that may differ is white space.
    assert.equal(again.replaceAll(/[ \t]/g, ''), text.replaceAll(/[ \t]/g, ''))
  }
  assert.ok(passed > 100, String(passed))
})
