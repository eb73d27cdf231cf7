import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { parseStrictJson } from '../../src/authorize/strict-json.ts'
import { fuzzRuns, fuzzSeed, mutate, pick, type Random, randomFrom } from './mutation.ts'
import { readReference } from './reference-json.ts'

const seeds = [
  '{"product":{"sku":"24-MB01","price":34.5,"status":1,"name":"Joust \\u00e9 \\ud83d\\ude00"}}',
  '{"items":[{"sku":"a","qty":-0.0},{"sku":"b","qty":1e3}],"note":null,"ok":true}',
  '[[],{},[[{"a":{"b":["c",1.10,-7]}}]],"\\\\","\\/\\b\\f\\n\\r\\t"]',
  '{"":0,"0":"1","00":1,"-0":2,"a b":{"é":"😀"},"\\u0061":9007199254740991}',
  // Names like those that V8 has met and takes for others (nodejs/node issue 63785).
  '{"a":0,"\\\\u0064ata":1}',
  '{"a":0,"\\u0064ataIsURL":1}',
]
const pieces = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '\\"',
    '\\\\',
    '\\u',
    '\\u0000',
    '\\ud83d',
    '\\ude00',
  ],
  ...['""', '"a":', '"a":1,', '{"a":1}', '[1]', 'null', 'true', 'nul', 'NaN', 'Infinity', '-', '+'],
  ...['0', '00', '-0', '.', '1.', '.5', '1e', '1e5', '1E+400', '1e-400', '9007199254740993', '0.1'],
  ...[
    '12345678901234567890',
    '1.7976931348623157e308',
    '5e-324',
    '123456789.12345678',
    '0.30000000000000004',
  ],
  ...[
    ' ',
    '\t',
    '\n',
    '\r',
    '\f',
    '\v',
    '\0',
    '\u007f',
    '\u2028',
    '\ufeff',
    '\u00a0',
    'é',
    '😀',
    '\ud800',
  ],
  ...[
    '"__proto__":1',
    '"\\u005f_proto__":{}',
    '"constructor":[]',
    '"sku":',
    '"\\u0073ku":',
    '//',
    '/**/',
  ],
]

/** Bytes that are mostly text, now and then none. */
function bytesOf(random: Random, text: string): Buffer {
  const bytes = Buffer.from(text)
  if (random(20) === 0 && bytes.length > 0) bytes[random(bytes.length)] = random(256)
  return bytes
}

test('a body passes if and only if every reader reads it alike, and PHP reads what the gateway reads', async () => {
  const random = randomFrom(fuzzSeed)
  const php = startPhp()
  let passed = 0
  for (let left = fuzzRuns(30_000); left > 0; left -= 1) {
    const bytes = bytesOf(random, mutate(random, pick(random, seeds), pieces))
    const parsed = parseStrictJson(bytes, { depth: 8, members: 40 })
    const reference = readReference(bytes, { depth: 8, members: 40 })
    assert.equal('fault' in parsed, reference === undefined, bytes.toString('latin1'))
    if ('fault' in parsed || reference === undefined) continue
    passed += 1
    assert.deepEqual(parsed.names, reference.names)
    await php.expect(bytes, canonical(parsed.value))
  }
  await php.end()
  assert.ok(passed > 100, String(passed))
})

/** What two languages must agree on: kinds, names in one order, numbers as bits, texts as bytes. */
function canonical(value: unknown): string {
  if (typeof value === 'number') {
    const bits = Buffer.alloc(8)
    // PHP reads -0 as the integer 0.
    bits.writeDoubleBE(value === 0 ? 0 : value)
    return `n${bits.toString('hex')}`
  }
  if (typeof value === 'string') return `s${Buffer.from(value).toString('hex')}`
  if (typeof value !== 'object' || value === null) return String(value)
  // PHP has one type for lists and objects.
  const members = Object.entries(value).map(
    ([name, member]) => [Buffer.from(name).toString('hex'), member] as const,
  )
  members.sort(([a], [b]) => (a < b ? -1 : 1))
  return `(${members.map(([name, member]) => `${name}=${canonical(member)}`).join(',')})`
}

/*
 * Reads as Magento does (Magento: Framework/Serialize/Serializer/Json.php): json_decode with arrays.
 * A line of base64 in, a line of the same canonical text out.
 */
const program = `
function canonical($v) {
  if (is_int($v) || is_float($v)) return 'n' . bin2hex(pack('E', $v == 0 ? 0.0 : (float) $v));
  if (is_string($v)) return 's' . bin2hex($v);
  if ($v === null) return 'null';
  if (is_bool($v)) return $v ? 'true' : 'false';
  $members = [];
  foreach ($v as $name => $member) $members[bin2hex((string) $name) . ' '] = $member;
  ksort($members, SORT_STRING);
  $parts = [];
  foreach ($members as $name => $member) $parts[] = rtrim($name) . '=' . canonical($member);
  return '(' . implode(',', $parts) . ')';
}
while (($line = fgets(STDIN)) !== false) {
  $value = json_decode(base64_decode($line), true);
  echo json_last_error() === JSON_ERROR_NONE ? canonical($value) : json_last_error_msg(), "\\n";
}`

function startPhp() {
  const child = spawn('php', ['-n', '-r', program], { stdio: ['pipe', 'pipe', 'inherit'] })
  const expected: { readonly bytes: Buffer; readonly text: string }[] = []
  const read = (async () => {
    for await (const line of createInterface(child.stdout)) {
      const { bytes, text } = expected.shift() ?? assert.fail('more lines than bodies')
      assert.equal(line, text, bytes.toString())
    }
    assert.equal(expected.length, 0)
  })()
  return {
    expect: async (bytes: Buffer, text: string) => {
      expected.push({ bytes, text })
      if (child.stdin.write(`${bytes.toString('base64')}\n`)) return
      await Promise.race([once(child.stdin, 'drain'), read])
    },
    end: async () => {
      child.stdin.end()
      await read
    },
  }
}
