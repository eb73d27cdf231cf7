import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { signatureBase } from '../../../src/authenticate/message-signature/signature-base.ts'
import { readMessageSignature } from '../../../src/authenticate/message-signature/signature-input.ts'
import { origin } from './signed-request.ts'

function baseOf(components: string, headers: readonly string[] = [], query?: string) {
  const found = readMessageSignature([
    'Signature-Input',
    `s=(${components})`,
    'Signature',
    's=:AA==:',
  ])
  if ('reason' in found) return found
  const message = { method: 'GET', path: '/rest/V1/x', query, rawHeaders: headers }
  return signatureBase(message, origin, found.components, found.signatureParams)
}

describe('refuses as a covered component', () => {
  const parameter = 'a covered component has a parameter that it cannot have'
  const unknown = 'a covered component is unknown'
  const cases: Record<string, [components: string, reason: string]> = {
    'one given twice': ['"@method" "x" "@method"', 'a covered component occurs twice'],
    'one given twice with a parameter': ['"x";sf "x";sf', 'a covered component occurs twice'],
    'a token': ['method', 'a covered component is not a string'],
    'an unknown derived component': ['"@nonsense"', unknown],
    'the status of an answer': ['"@status"', unknown],
    'the signature parameters': ['"@signature-params"', unknown],
    'a field name in upper case': ['"Date"', unknown],
    'an empty name': ['""', unknown],
    'a name with a line feed in disguise': [String.raw`"a: b\\n"`, unknown],
    'an unknown parameter': ['"date";foo', parameter],
    'a flag that is false': ['"date";sf=?0', parameter],
    'a flag with a value': ['"date";bs=1', parameter],
    'a key that is no string': ['"date";key=a', parameter],
    'a field of the request of an answer': ['"date";req', parameter],
    'a trailer': ['"date";tr', parameter],
    'sf with bs': ['"date";sf;bs', parameter],
    'a derived component with sf': ['"@method";sf', parameter],
    'a derived component of an answer': ['"@method";req', parameter],
    'a query parameter without its name': [
      '"@query-param"',
      '@query-param is covered without a name',
    ],
    'a query parameter by a token': ['"@query-param";name=a', parameter],
    'a name for something else': ['"@query";name="a"', parameter],
  }
  for (const [name, [components, reason]] of Object.entries(cases)) {
    test(name, () => assert.deepEqual(baseOf(components), { reason }))
  }
})

describe('finds no value for', () => {
  test('a query that is not printable ASCII', () => {
    const reason = '@query is not printable ASCII'
    for (const query of ['a=\u00e4', 'a=\n', 'a=\x7f']) {
      assert.deepEqual(baseOf('"@query"', [], query), { reason })
    }
  })

  test('a header that is missing', () => {
    assert.deepEqual(baseOf('"x"'), { reason: 'the covered header x is missing' })
  })

  test('a header with a line break that is not folding', () => {
    const reason = 'the covered header x is not ASCII'
    for (const value of ['a\nb', 'a\rb', 'a\r\n"@path": /x', 'a\0', '\u00e9']) {
      assert.deepEqual(baseOf('"x"', ['X', value]), { reason })
    }
  })

  test('a structured field of a type that is not known', () => {
    const reason = 'the covered header x is not a known structured field'
    assert.deepEqual(baseOf('"x";sf', ['X', 'a=1']), { reason })
  })

  test('a structured field that cannot be read', () => {
    const reason = 'the covered header priority is not a known structured field'
    assert.deepEqual(baseOf('"priority";sf', ['Priority', 'u=1, u=2']), { reason })
  })

  test('a member that is missing, given twice, or of no dictionary', () => {
    const of = (name: string) => ({ reason: `the covered header ${name} lacks the member` })
    assert.deepEqual(baseOf('"x";key="b"', ['X', 'a=1']), of('x'))
    assert.deepEqual(baseOf('"x";key="a"', ['X', 'a=1', 'X', 'a=2']), of('x'))
    assert.deepEqual(baseOf('"client-cert";key="a"', ['Client-Cert', 'a=1']), of('client-cert'))
  })

  test('a query parameter that is missing or occurs twice', () => {
    const reason = 'a covered query parameter occurs twice'
    assert.deepEqual(baseOf('"@query-param";name="a"', [], 'a=1&b=2&%61=3'), { reason })
    assert.deepEqual(baseOf('"@query-param";name="c"', [], 'a=1'), {
      reason: 'a covered query parameter is missing',
    })
    assert.deepEqual(baseOf('"@query-param";name="c"'), {
      reason: 'a covered query parameter is missing',
    })
  })
})

test('takes a bs field byte for byte, also beyond ASCII', () => {
  assert.equal(
    baseOf('"x";bs', ['X', ' \u00e9 ', 'X', '']),
    '"x";bs: :6Q==:, ::\n"@signature-params": ("x";bs)',
  )
})

test('takes a long field in linear time: in quadratic time this would not end', () => {
  const long = `${' \t'.repeat(1_000_000)}x`
  const base = baseOf('"x" "x";bs', ['X', `a${long}`, 'X', long, 'X', `a\r\n${long}`])
  assert.equal(typeof base, 'string')
})

test('encodes what encodeURIComponent leaves in a query parameter', () => {
  assert.equal(
    baseOf('"@query-param";name="a%21"', [], "a!='()~*-._"),
    '"@query-param";name="a%21": %27%28%29%7E*-._\n"@signature-params": ("@query-param";name="a%21")',
  )
})

test('takes a folded field as one line, without white space around it', () => {
  const lines = ['X', '\r\n a \r\n\tb\r\n ']
  assert.equal(baseOf('"x"', lines), '"x": a b\n"@signature-params": ("x")')
})
