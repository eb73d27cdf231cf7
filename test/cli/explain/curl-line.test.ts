import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { readCurlLine } from '../../../src/cli/explain/curl-line.ts'
import { Unreadable } from '../../../src/cli/explain/unreadable.ts'
import { curlCommand } from '../../../src/cli/sign/curl-command.ts'
import { firstValue } from '../../../src/syntax/headers.ts'
import { temporaryFolder } from '../../support/shared.ts'

interface Received {
  readonly method: string | undefined
  readonly target: string | undefined
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/** What a shell and curl make of a command: it is run against a server of the test's own. */
async function received(command: (origin: string) => string): Promise<Received> {
  const requests: Received[] = []
  const server = createServer(async (request, response) => {
    const { method, url: target, rawHeaders } = request
    const body = (await buffer(request)).toString('latin1')
    requests.push({ method, target, headers: comparable(rawHeaders), body })
    response.setHeader('Content-Length', 2).end('ok')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  try {
    await promisify(execFile)('bash', ['-c', command(`http://127.0.0.1:${port}`)])
  } finally {
    server.close()
  }
  assert.equal(requests.length, 1)
  return requests[0] as Received
}

function read(command: (origin: string) => string): Received {
  const { method, rawTarget, rawHeaders, body } = readCurlLine(command('http://127.0.0.1:1'))
  const headers = comparable(rawHeaders)
  return { method, target: rawTarget, headers, body: body.toString('latin1') }
}

/** Those that curl adds by itself, but for its version and the host. */
function comparable(rawHeaders: readonly string[]): Received['headers'] {
  const names = ['accept', 'content-type', 'content-length']
  return Object.fromEntries(names.map((name) => [name, firstValue(rawHeaders, name)]))
}

describe('reads what a shell and curl send', () => {
  const cases: Record<string, (origin: string) => string> = {
    'a plain read': (origin) => `curl -s ${origin}/rest/V1/products/A%2FB`,
    'a query without quotes': (origin) => `curl -s -g ${origin}/rest/V1/products?fields=sku`,
    'what sign prints': (origin) =>
      curlCommand(
        { method: 'POST', url: `${origin}/rest/V1/x`, body: `{"a":"it's \\\\ \\" $x"}` },
        [{ name: 'Authorization', value: 'Bearer ', shellSuffix: '$TOKEN' }],
      ),
    'what sign prints for a HEAD': (origin) =>
      `${curlCommand({ method: 'HEAD', url: `${origin}/rest/V1/x` }, [])} -s`,
    'a HEAD by its letter': (origin) => `curl -sI ${origin}/x`,
    'what a browser copies': (origin) =>
      `curl -s '${origin}/rest/V1/x' \\\n  -H 'Content-Type: application/json' \\\n${String.raw`  --data-raw $'{"a":"it\'s \u0021 \\n"}' --compressed`}`,
    'a last line that ends as if another came': (origin) => `curl -s ${origin}/x \\\n  -d a=1 \\\n`,
    'options without a space': (origin) => `curl -s '${origin}/rest/V1/x' -XPUT -d'a=1'`,
    'several pieces of data': (origin) => `curl -s -d a=1 --data-binary b=2 --data c ${origin}/x`,
    'JSON as an option of its own': (origin) =>
      `curl -s --json '{"a":' --json '1}' --url ${origin}/x`,
    'double quotes': (origin) => String.raw`curl -s -d "{\"a\":\"\\\\ \$x 'y'\"}" "${origin}/x"`,
    'backquotes in double quotes': (origin) => `curl -s -d "\\\`x\\\`" ${origin}/x`,
    'bytes by their numbers': (origin) =>
      String.raw`curl -s -d $'Caf\303\251 \xe2\x82\xac \\xc3' ${origin}/x`,
    'a body in chunks': (origin) => `curl -s -H 'Transfer-Encoding: chunked' -d a ${origin}/x`,
    'a double quoted body over two lines': (origin) => `curl -s -d "one\\\ntwo" ${origin}/x`,
    'a header without a value': (origin) => `curl -s -H 'X-Empty;' ${origin}/x`,
    'headers of curl that are given': (origin) =>
      `curl -s -H 'accept: text/plain' -H 'content-length: 1' -d x ${origin}/x`,
    'a header that is taken away': (origin) => `curl -s -H 'Content-Type:' -d x ${origin}/x`,
    'a URL without a path': (origin) => `curl -s '${origin}?a=1#fragment'`,
  }
  for (const [name, command] of Object.entries(cases)) {
    test(name, async () => assert.deepEqual(read(command), await received(command)))
  }

  test('bodies from files', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'body.json')
    await writeFile(file, '{\r\n"a": 1}\n')
    for (const option of ['-d', '--data-ascii', '--data-binary', '--json', '--data-raw']) {
      const command = (origin: string) => `curl -s ${option} '@${file}' ${origin}/x`
      assert.deepEqual(read(command), await received(command), option)
    }
  })
})

describe('refuses, and says what is wrong with', () => {
  const cases: [command: string, message: RegExp][] = [
    ['', /no curl command/],
    ['wget http://gw/x', /not curl/],
    ["curl 'http://gw/x", /a quote is not closed/],
    ['curl http://gw/x?a=1&b=2', /the operator & outside of quotes/],
    ['curl http://gw/x | jq .', /the operator \|/],
    ["curl http://gw/x\n  -H 'X-Nonce: a'", /a line break outside of quotes/],
    ['curl http://gw/x -d {"sku":"a","name":"b"}', /a brace outside of quotes/],
    [String.raw`curl http://gw/x -d $'\xe9'`, /text that is not UTF-8/],
    ['curl http://gw/x http://gw/y', /2 URLs/],
    ['curl --url http://gw/x --url http://gw/y', /2 URLs/],
    ['curl -X POST', /0 URLs/],
    ['curl "$GATEWAY/rest/V1/x"', /URL must be absolute/],
    ['curl "http://gw/rest/V1/$SKU"', /URL must be absolute/],
    ['curl /rest/V1/x', /URL must be absolute/],
    ['curl http://gw/rest/V1/é', /percent-encode it/],
    ['curl "http://gw/x?searchCriteria[pageSize]=1"', /a pattern, but with --globoff/],
    ["curl 'http://gw/{a,b}'", /a pattern, but with --globoff/],
    ['curl http://gw/a/../b', /removes \. and \.\. .* but with --path-as-is/],
    ['curl http://user:password@gw/rest/V1/x', /URL must be absolute.*without a user/],
    ['curl --form a=b http://gw/x', /Unknown option '--form'/],
    ['curl --data-urlencode a=b http://gw/x', /Unknown option '--data-urlencode'/],
    ['curl -H "X-Signature: $signature" http://gw/x', /header X-Signature is a shell expression/],
    ['curl -H "X-Signature: $(sign)" http://gw/x', /header X-Signature is a shell expression/],
    ['curl -H "X-Timestamp: `date +%s`" http://gw/x', /header X-Timestamp is a shell expression/],
    ['curl -H "X-Nonce: "`uuidgen` http://gw/x', /header X-Nonce is a shell expression/],
    ['curl -d "$body" http://gw/x', /--data holds a shell expression/],
    ['curl -d @- http://gw/x', /standard input/],
    [
      'curl -d @/nonexistent/body http://gw/x',
      /\/nonexistent\/body of the body cannot be read \(ENOENT\)/,
    ],
    ['curl -X "\x1b[31mGET" http://gw/x', /the method is no word/],
    ['curl -I -d a http://gw/x', /--head with a body/],
    ["curl -H 'X-Empty; a' http://gw/x", /a header is not of the form/],
    ['curl -H nothing http://gw/x', /a header is not of the form/],
    ["curl -H $'X-Nonce: a\\nb' http://gw/x", /the header X-Nonce has a line break/],
  ]
  for (const [command, message] of cases) {
    test(command || 'nothing', () => {
      assert.throws(
        () => readCurlLine(command),
        (error) => error instanceof Unreadable && message.test(error.message),
      )
    })
  }

  test('a secret that a shell takes for the beginning of a variable, without showing it', () => {
    for (const rest of ['{secret', '{}secret']) {
      assert.throws(
        () => readCurlLine(`curl -H "Authorization: Bearer a$${rest}" http://gw/x`),
        (error) => error instanceof Unreadable && !error.message.includes('secret'),
      )
    }
  })

  test('more options than a request can have headers', () => {
    const expected = { message: 'more than 1000 arguments of curl' }
    assert.throws(() => readCurlLine(`curl ${'-s '.repeat(1_000)} http://gw/x`), expected)
  })
})
