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
    prototype: '{"a":{"prototype":1}}',
    'too much depth': `${'['.repeat(65)}${']'.repeat(65)}`,
    'a trailing comma': '{"a":1,}',
    'a comment': '{}//',
    'single quotes': "{'a':1}",
    NaN: '[NaN]',
    'two values': '{}{}',
    nothing: '',
    'a value that is no object and no array': '"sku"',
    null: 'null',
    'an integer that a double cannot hold': '{"id":9007199254740993}',
    'a number beyond a double': '[1e400]',
    'a number too close to zero for a double': '[1e-400]',
    'a number with a megabyte of zeros within': `[1.${'0'.repeat(1_048_576)}1]`,
    'a name with a quote in it': String.raw`{"a\"b":1}`,
    'a name with a backslash in it': String.raw`{"a\\":1}`,
    'a name with a control character in it': String.raw`{"a\n":1}`,
    'half of a surrogate pair': String.raw`{"name":"\ud83d"}`,
    'half of a surrogate pair in a name, after a backslash': String.raw`{"\\\ud83d":1}`,
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
    'names and values that look like punctuation': '{"{":"}","[,:":"\\"],","a":"\\\\"}',
    'a name with escapes that need not be': String.raw`{"\u0073k\u0075":1,"a\/b":2,"\u00e9":3}`,
    'a name with escapes before a text of megabytes': `{"\\u0061":"${'x'.repeat(8_388_608)}"}`,
    'quoted colons in values': String.raw`{"a":"\":","b":"x\" : y","c:":":"}`,
    'a value that says __proto__': '["__proto__"]',
    'a string beside a name that it equals': '{"a":"b","b":"a"}',
    'numbers that other programs write':
      '[0,-0,1.10,1E+2,0.1,0.10000000000000001,9007199254740991,1e20]',
    'text that looks like half of a surrogate pair': String.raw`["\\ud83d"]`,
    'whole surrogate pairs': String.raw`["\ud83d\ude00","😀"]`,
    'depth up to the limit': `${'['.repeat(64)}${']'.repeat(64)}`,
  }
  for (const [name, text] of Object.entries(accepted)) {
    test(name, () => {
      const parsed = parseStrictJson(Buffer.from(text))
      assert.ok(!('fault' in parsed), 'fault' in parsed ? parsed.fault : '')
      assert.deepEqual(parsed.value, JSON.parse(text))
    })
  }
})

describe('bounds', () => {
  const bounds = { depth: 2, members: 4 }
  const faultOf = (text: string) => {
    const parsed = parseStrictJson(Buffer.from(text), bounds)
    return 'fault' in parsed ? parsed.fault : undefined
  }
  test('how deep a long body is, before it is parsed', () => {
    const deeper = /^The body is nested deeper than/
    // It is no JSON, which parsing would say.
    assert.match(faultOf('['.repeat(1_000_000)) ?? '', deeper)
    assert.match(faultOf(`["\\"]",${'[{"a":'.repeat(10_000)}`) ?? '', deeper)
  })

  test('but in a long text brackets are no depth', () => {
    for (const escaped of ['[', '\\\\', '\\"[']) {
      assert.equal(faultOf(`[[1],"${escaped.repeat(20_000)}"]`), undefined, escaped)
    }
    assert.equal(faultOf(`[${' '.repeat(20_000)}[1],[2]]`), undefined)
  })

  test('how deep a body is', () => {
    assert.equal(faultOf('[[1]]'), undefined)
    assert.equal(faultOf('[[[1]]]'), 'The body is nested deeper than 2 levels.')
  })
  test('how many members a body has', () => {
    assert.equal(faultOf('[1,2,3,4]'), undefined)
    assert.equal(faultOf('[1,2,3,4,5]'), 'The body has more than 4 members.')
    assert.equal(faultOf('{"a":{"b":1},"c":{"d":2}}'), undefined)
    assert.equal(faultOf('{"a":{"b":1},"c":[ 2 ],"d":{}}'), 'The body has more than 4 members.')
    assert.equal(faultOf('[ [], { }, [\n], {} ]'), undefined)
  })
})

test('says which names a body has', () => {
  const parsed = parseStrictJson(Buffer.from('{"a":[{"b":1},{"b":{"c":"d"}}]}'))
  assert.deepEqual('names' in parsed && [...parsed.names], ['a', 'b', 'c'])
})

test('accepts whatever JSON.stringify makes of data, but for names that are not allowed, and reads the same', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.nat({ max: 4 }), (text, indent) => {
      const value: unknown = [JSON.parse(text)]
      const parsed = parseStrictJson(Buffer.from(JSON.stringify(value, null, indent)))
      const strings = JSON.stringify(value).match(/"(?:[^"\\]|\\.)*":?/g) ?? []
      const names = strings.filter((each) => each.endsWith(':'))
      if (names.some((name) => /\\|^"(?:__proto__|constructor|prototype)"/.test(name))) {
        assert.deepEqual(parsed, { fault: 'The body has a member name that is not allowed.' })
      } else assert.deepEqual('value' in parsed && parsed.value, value)
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
