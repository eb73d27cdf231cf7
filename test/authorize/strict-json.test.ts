import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseStrictJson } from '../../src/authorize/strict-json.ts'

describe('refuses what two parsers could read differently', () => {
  const refused: Record<string, string | Buffer> = {
    'a byte order mark': '\ufeff{}',
    'bytes that are not UTF-8': Buffer.from([0x22, 0xff, 0x22]),
    'a duplicate name': '{"sku":"a","sku":"b"}',
    'a duplicate name with the same value': '{"sku":"a","sku":"a"}',
    'a duplicate name in another spelling': String.raw`{"sku":1,"\u0073ku":2}`,
    'a duplicate name beside quoted colons': String.raw`{"a":"\":","a":"x\" :"}`,
    'a duplicate name before white space': '{"a" : 1,"a"\n\t: 2}',
    'a duplicate name deep inside': '{"a":[{"b":{"c":1,"c":2}}]}',
    __proto__: '{"__proto__":{}}',
    'an escaped __proto__': String.raw`{"a":{"\u005f_proto__":{}}}`,
    constructor: '[{"constructor":1}]',
    'too much depth': `${'['.repeat(65)}${']'.repeat(65)}`,
    'a trailing comma': '{"a":1,}',
    'a comment': '{}//',
    'single quotes': "{'a':1}",
    NaN: '[NaN]',
    'two values': '{}{}',
    nothing: '',
  }
  for (const [name, text] of Object.entries(refused)) {
    test(name, () => {
      const parsed = parseStrictJson(Buffer.from(text))
      assert.ok('fault' in parsed)
      assert.match(parsed.fault, /^The body .*\.$/)
    })
  }
})

describe('accepts', () => {
  const accepted: Record<string, string> = {
    'the same name in different objects': '{"a":{"x":1},"b":{"x":2},"c":[{"x":1},{"x":1}]}',
    'names and values that look like punctuation': '{"{":"}","[,:":"\\"],","a\\\\":"\\\\"}',
    'quoted colons in values': String.raw`{"a":"\":","b":"x\" : y","c:":":"}`,
    'a value that says __proto__': '["__proto__"]',
    'a string beside a name that it equals': '{"a":"b","b":"a"}',
    'depth up to the limit': `${'['.repeat(64)}${']'.repeat(64)}`,
  }
  for (const [name, text] of Object.entries(accepted)) {
    test(name, () =>
      assert.deepEqual(parseStrictJson(Buffer.from(text)), { value: JSON.parse(text) }),
    )
  }
})

test('accepts whatever JSON.stringify makes of data, and reads the same', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.nat({ max: 4 }), (text, indent) => {
      const value: unknown = JSON.parse(text)
      const parsed = parseStrictJson(Buffer.from(JSON.stringify(value, null, indent)))
      if ('fault' in parsed) assert.match(text, /__proto__|constructor|prototype/)
      else assert.deepEqual(parsed.value, value)
    }),
  )
})

test('finds a duplicate name wherever it stands', () => {
  const name = fc
    .string({ minLength: 1 })
    .filter((text) => !/^(__proto__|constructor|prototype)$/.test(text))
  fc.assert(
    fc.property(
      fc.dictionary(name, fc.jsonValue(), { minKeys: 1, noNullPrototype: true }),
      (object) => {
        const members = Object.entries(object).map(
          ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`,
        )
        const text = `{${[...members, members[0]].join(',')}}`
        assert.ok('fault' in parseStrictJson(Buffer.from(text)))
      },
    ),
  )
})
