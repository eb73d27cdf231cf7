import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  parseStrictDictionary,
  reserialize,
  serializeMember,
} from '../../../src/authenticate/message-signature/structured-field.ts'

describe('refuses in a dictionary', () => {
  const cases = {
    'trailing garbage': 'a=1 b',
    'garbage after an item': 'a="x"y',
    'a trailing comma': 'a=1,',
    'an empty member': 'a=1,,b=2',
    'a key in upper case': 'A=1',
    'a key given twice': 'a=1, a=2',
    'a key given twice with one value': 'a=1, a=1',
    'a parameter given twice': 'a=1;b=1;b=2',
    'a parameter of a list given twice': 'a=("x");b="1";b="1"',
    'a parameter of an inner item given twice': 'a=("x";b;b)',
    'an integer of 16 digits': 'a=1000000000000000',
    'an integer with leading zeros': 'a=0001',
    'a negative zero': 'a=-0',
    'a decimal': 'a=1.5',
    'a decimal that is whole': 'a=1.0',
    'a date': 'a=@1618884473',
    'a display string': 'a=%"x"',
    'a true that is spelled out': 'a=?1',
    'a string that does not end': 'a="x',
    'a string with a line feed': 'a="x\n"',
    'a string that is not ASCII': 'a="\u00e9"',
    'a string with another escape': String.raw`a="\x"`,
    'a token that is not ASCII': 'a=x\u00e9',
    'a list that does not end': 'a=("x"',
    'a list with commas': 'a=("x","y")',
    'a list in a list': 'a=(("x"))',
    'base64 that does not end': 'a=:AA==',
    'base64 without padding': 'a=:AA:',
    'base64 with bits beyond its end': 'a=:AB==:',
    'base64 with padding in the middle': 'a=:A=AA:',
    'base64 with a space': 'a=:AA ==:',
    base64url: 'a=:-_8=:',
    'a tab before it': '\ta=1',
    'a line feed': 'a=1,\nb=2',
  }
  for (const [name, text] of Object.entries(cases)) {
    test(name, () => assert.equal(parseStrictDictionary(text), undefined))
  }
})

test('accepts another amount of white space, and writes it in the canonical one', () => {
  const dictionary = parseStrictDictionary('  a=( "x"   "y;  z" ); b=1 ,\tc=:AA==:;d ')
  assert.deepEqual([...(dictionary?.keys() ?? [])], ['a', 'c'])
  assert.equal(serializeMember(dictionary?.get('a') ?? [true, new Map()]), '("x" "y;  z");b=1')
})

test('writes strings with what must be escaped', () => {
  const text = String.raw`a="\\ \" $&"`
  assert.equal(reserialize(text, 'dictionary'), text)
})

test('writes lists and items', () => {
  assert.equal(reserialize('a,  b;q=1,(c  d)', 'list'), 'a, b;q=1, (c d)')
  assert.equal(reserialize(' :AA==: ', 'item'), ':AA==:')
  assert.equal(reserialize('a, b', 'item'), undefined)
})

test('what it accepts it writes so that it is accepted again, whatever it holds', () => {
  const key = fc.constantFrom('a', 'b1', '*-_.')
  const bare = fc.constantFrom('1', '-12', '"x"', String.raw`" \" \\ "`, 'to:/ken', ':AA==:', '?0')
  const parameter = fc.tuple(key, fc.constantFrom('', ' '), fc.option(bare))
  const parameters = fc
    .uniqueArray(parameter, { selector: ([name]) => name })
    .map((all) => all.map(([name, space, value]) => `;${space}${name}${value ? `=${value}` : ''}`))
    .map((all) => all.join(''))
  const item = fc.tuple(bare, parameters).map((parts) => parts.join(''))
  const list = fc
    .tuple(fc.array(item, { maxLength: 3 }), parameters)
    .map(([items, own]) => `( ${items.join('  ')})${own}`)
  const member = fc.oneof(
    fc.oneof(item, list).map((value) => `=${value}`),
    parameters,
  )
  const dictionary = fc
    .uniqueArray(fc.tuple(key, member), { selector: ([name]) => name })
    .map((members) => members.map((parts) => parts.join('')).join(' ,\t'))
  fc.assert(
    fc.property(dictionary, (text) => {
      const written = reserialize(text, 'dictionary')
      assert.ok(written !== undefined)
      assert.equal(reserialize(written, 'dictionary'), written)
    }),
    { numRuns: 2000 },
  )
})
