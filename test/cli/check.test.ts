import assert from 'node:assert/strict'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { formatFault } from '../../src/config/faults.ts'
import { loadConfig } from '../../src/config.ts'
import { policies } from '../../src/pipeline.ts'
import { faultsAt } from '../config/config-faults.ts'
import { type ConfigFiles, writeConfig } from '../support/config-directory.ts'
import { acme, gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { commandEnv, main, runCommand } from '../support/gateway-process.ts'
import { temporaryFolder } from '../support/shared.ts'
import { signingEnv } from '../support/signing-integrations.ts'
import { pemFile } from '../support/tls/pem.ts'

const policyKeys = policies
  .flatMap(({ section, key }) => (section === 'policies' ? [key] : []))
  .join(', ')

const exampleConfig = fileURLToPath(new URL('../../config', import.meta.url))

function filesWith(changes: Partial<ConfigFiles>): ConfigFiles {
  return {
    gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'var/audit.jsonl'),
    integrations: { acme, globex },
    ...changes,
  }
}

async function checkFiles(changes: Partial<ConfigFiles>, env: Record<string, string> = testEnv) {
  await using directory = await writeConfig(filesWith(changes))
  const { exitCode, stdout, stderr } = await runCommand(['check', '--config', directory.path], env)
  return { exitCode, stdout, stderr: stderr.replaceAll(`${directory.path}/`, '') }
}

test('returns the exit code even if its output cannot be written', async () => {
  await using directory = await writeConfig(filesWith({}))
  async function check(stdout: 'pipe' | number) {
    const child = spawn(process.execPath, [main, 'check', '--config', directory.path], {
      env: commandEnv(testEnv),
      stdio: ['ignore', stdout, 'pipe'],
    })
    child.stdout?.destroy()
    const stderr = text(child.stderr as Readable)
    const [exitCode] = await once(child, 'close')
    return [exitCode, await stderr]
  }
  assert.deepEqual(await check('pipe'), [0, ''])
  const full = openSync('/dev/full', 'w')
  const unwritten = [1, 'magegate: standard output cannot be written: ENOSPC\n']
  assert.deepEqual(await check(full), unwritten)
  closeSync(full)
})

test('returns the exit code even if nobody reads its messages', async () => {
  const child = spawn(process.execPath, [main, 'serve'], { stdio: ['ignore', 'ignore', 'pipe'] })
  child.stderr.destroy()
  assert.deepEqual(await once(child, 'close'), [2, null])
})

test('accepts what can be used, and says what is only reported', async () => {
  const { exitCode, stdout, stderr } = await checkFiles({
    integrations: {
      acme: { ...acme, reportOnly: true },
      globex: { ...globex, reportOnly: ['route-grant', 'rate-limit'] },
    },
  })
  assert.equal(stderr, '')
  assert.equal(exitCode, 0)
  assert.match(stdout, /ok, 2 integration/)
  assert.match(stdout, /^acme-erp: only reported, not refused: every policy that can be$/m)
  assert.match(stdout, /^globex-pim: only reported, not refused: route-grant, rate-limit$/m)
})

test('accepts the example configuration', async () => {
  const ofMagento = ['CONSUMER_KEY', 'CONSUMER_SECRET', 'ACCESS_TOKEN', 'ACCESS_TOKEN_SECRET']
  const names = ['ACME', 'GLOBEX'].flatMap((name) => [
    `${name}_TOKEN`,
    `${name}_HMAC_SECRET`,
    ...ofMagento.map((value) => `${name}_MAGENTO_${value}`),
  ])
  const env = Object.fromEntries(names.map((name) => [name, `${name}-0123456789`]))
  const { exitCode, stderr } = await runCommand(['check', '--config', exampleConfig], env)
  assert.equal(stderr, '')
  assert.equal(exitCode, 0)
})

test('has a default for each bound of an address that is left out', async () => {
  const gateway = gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'var/audit.jsonl')
  const limits = { perAddress: { connections: 5_000 } }
  await using directory = await writeConfig(filesWith({ gateway: { ...gateway, limits } }))
  const { rate, burst } = (await loadConfig(directory.path, testEnv)).gateway.limits.perAddress
  assert.deepEqual({ rate, burst }, { rate: '100/s', burst: 200 })
})

test('reports every fault at once, with file, line, path and what was expected', async () => {
  const { exitCode, stderr } = await checkFiles({
    gateway: {
      ...gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'var/audit.jsonl'),
      listen: {
        host: '127.0.0.1',
        port: 'eighty',
        requireHttps: false,
        trustedProxies: ['10.0.0.0/99'],
      },
      unheardOf: true,
    },
    integrations: {
      acme: {
        ...acme,
        credentials: { token: 'in-plain-0123456789' },
        policies: { ...acme.policies, rateLimit: { rate: '20 per second' }, ipAllowList: [] },
      },
      globex: { ...globex, credentials: {}, policies: { routes: ['FETCH /V1/x'] } },
    },
  })
  assert.equal(exitCode, 1)
  assert.deepEqual(
    stderr.trimEnd().split('\n').sort(),
    [
      '8 fault(s)',
      'gateway.yaml:23 /unheardOf: expected no such key; known here: listen, admin, magento, store, audit, limits, jobs, cache, shutdown',
      'gateway.yaml:3 /listen/port: expected integer',
      'gateway.yaml:6 /listen/trustedProxies/0: expected an IP address, or a CIDR block by its first address, such as 203.0.113.0/24 or 2001:db8:7::/48',
      'integrations/acme.yaml:20 /policies/rateLimit/rate: expected a rate such as 20/s, 300/min or 5000/h',
      `integrations/acme.yaml:21 /policies/ipAllowList: expected no such key; known here: ${policyKeys}`,
      'integrations/acme.yaml:3 /credentials/token: expected a reference to a secret, env:NAME or file:PATH (a secret in plain is refused)',
      'integrations/globex.yaml:2 /credentials: expected at least one credential: an integration without authentication is refused',
      'integrations/globex.yaml:7 /policies/routes/0: expected a method and a path, such as GET /V1/products/:sku; or {tag: …}; or {preset: …} of catalog-read, stock-write, orders-read',
    ].sort(),
  )
  assert.ok(!stderr.includes('in-plain'))
})

test('a wrong spelling hides no fault between other settings, and makes up none', async () => {
  const { listen, ...settings } = gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'a.jsonl')
  const text = await faultsOf({
    gateway: {
      ...settings,
      listen: { ...listen, host: '0.0.0.0', hostName: 'shop', trustedProxies: ['nobody'] },
      shutdown: { noticeMs: 'short', deadlineMs: 1 },
      audit: { file: 5, rotate: { sizeMiB: 1, keep: 3 } },
      limits: { bodyBytes: 2_097_152, bodyMemoryMiB: 1 },
    },
    integrations: {
      a: {
        ...globex,
        credentials: { tokn: 'env:GLOBEX_TOKEN', replay: {} },
        policies: {
          routes: ['GET /V1/products/:sku', 'GTE /V1/products', 'POST /V1/products'],
          deprecations: {
            'POST /V1/products': { since: '2027-03-31', sunset: '2027-03-30' },
            'PUT /V1/products/:sku': { since: '2027-03-31' },
          },
          requestSchema: { 'POST /V1/products': 5 },
        },
      },
    },
  })
  assert.deepEqual(
    [...text.matchAll(/^(\S+):\d+ (.+): expected /gm)].map(([, file, place]) => `${file} ${place}`),
    [
      'gateway.yaml /listen/hostName',
      'gateway.yaml /listen/trustedProxies/0',
      'gateway.yaml /audit/file',
      'gateway.yaml /shutdown/noticeMs',
      'gateway.yaml /listen/requireHttps',
      'gateway.yaml /limits/bodyMemoryMiB',
      'integrations/a.yaml /credentials/tokn',
      'integrations/a.yaml /policies/routes/1',
      'integrations/a.yaml /policies/requestSchema/POST ~1V1~1products',
      'integrations/a.yaml /policies/deprecations/POST ~1V1~1products/sunset',
    ],
  )
})

/** Needs a public URL, a place for jobs and the schema of the shop, and can be called by those with a certificate. */
const demanding = {
  name: 'demanding',
  credentials: {
    clientCertificate: { subject: { CN: 'demanding' } },
    signature: {
      scheme: 'rfc9421',
      keys: [{ id: 'a-1', algorithm: 'hmac-sha256', secret: 'env:MESSAGE_SECRET' }],
    },
  },
  upstream: { bearer: 'env:MAGENTO_TOKEN' },
  policies: {
    routes: ['POST /V1/products'],
    jobs: { 'POST /V1/products': { mode: 'always' } },
    magentoSchema: { mode: 'enforce' },
  },
}

/** Where the faults of files are that fit together badly, and of which each may have faults of its own. */
async function placesOf(gateway: object, integration: object): Promise<string[]> {
  const settings = gatewaySettings({ magentoUrl: 'http://127.0.0.1:1' }, 'a.jsonl')
  const files = { gateway: { ...settings, ...gateway }, integrations: { a: integration } }
  const text = await faultsOf(files, { ...testEnv, ...signingEnv })
  const faults = text.matchAll(/^(?:integrations\/)?(\w+)\.yaml(?::\d+)? (.+?): expected /gm)
  return [...faults].map(([, file, place]) => `${file} ${place}`).sort()
}

test('faults of single files hide none between files', async () => {
  const tls = { certFile: pemFile('loopback.cert'), keyFile: pemFile('client.key') }
  const listen = { host: '127.0.0.1', port: 0, tls, requireHttps: true }
  const between = [
    'a /credentials/clientCertificate/subject',
    'a /policies/magentoSchema',
    'gateway /jobs',
    'gateway /listen/publicUrl',
    'gateway /listen/tls',
  ]
  assert.deepEqual(await placesOf({ listen }, demanding), between)
  const gateway = { listen, shutdown: { noticeMs: 'short' }, audit: { file: 'a', stdOut: true } }
  const { credentials, policies } = demanding
  const integration = {
    ...demanding,
    credentials: { ...credentials, token: 'env:NOWHERE' },
    policies: { ...policies, rateLimit: { rate: 'fast' } },
  }
  const within = [
    'a /credentials/token',
    'a /policies/rateLimit/rate',
    'gateway /audit/stdOut',
    'gateway /shutdown/noticeMs',
  ]
  assert.deepEqual(await placesOf(gateway, integration), [...within, ...between].sort())
})

test('what only follows from a fault of one file is none of another', async () => {
  const { policies } = demanding
  const gateway = {
    listen: { host: '127.0.0.1', port: 0, requireHttps: false, publicURL: 'https://a.example' },
    job: { file: 'jobs.sqlite' },
  }
  const integration = {
    ...demanding,
    policies: { ...policies, magentoSchema: { mode: 'none' }, endpoint: 'forward' },
  }
  assert.deepEqual(await placesOf(gateway, integration), [
    'a /policies/endpoint',
    'a /policies/magentoSchema/mode',
    'gateway /job',
    'gateway /listen/publicURL',
  ])
  const unreadable = { certFile: 'no.pem', keyFile: pemFile('loopback.key') }
  const listen = { ...gateway.listen, publicURL: undefined, tls: unreadable }
  assert.ok(!(await placesOf({ listen }, globex)).includes('gateway /listen/tls'))
  const store = { cluster: { nodes: ['a:1'], tls: true }, clientCertificate: unreadable }
  assert.deepEqual(await placesOf({ store }, globex), ['gateway /store/clientCertificate/certFile'])
})

/** What the command prints of a configuration that is refused; its text is made in this process. */
async function faultTextAt(
  directory: string,
  env: Record<string, string> = testEnv,
): Promise<string> {
  const faults = await faultsAt(directory, env)
  const lines = [...faults.map(formatFault), `${faults.length} fault(s)`]
  return lines.join('\n').replaceAll(`${directory}/`, '')
}

async function faultsOf(
  changes: Partial<ConfigFiles>,
  env: Record<string, string> = testEnv,
): Promise<string> {
  await using directory = await writeConfig(filesWith(changes))
  return await faultTextAt(directory.path, env)
}

describe('refuses', () => {
  const cases: [string, Partial<ConfigFiles>, RegExp][] = [
    [
      'two integrations of one name',
      { integrations: { a: acme, b: { ...globex, name: acme.name } } },
      /b\.yaml:1 \/name: expected a value that is not used in .*a\.yaml too/,
    ],
    [
      'two integrations with one token',
      { integrations: { a: globex, b: { ...globex, name: 'other' } } },
      /b\.yaml:3 \/credentials\/token: expected a value that is not used in/,
    ],
    [
      'two ways towards Magento',
      {
        integrations: {
          a: { ...globex, upstream: { bearer: 'env:MAGENTO_TOKEN', passthrough: true } },
        },
      },
      /\/upstream: expected exactly one of oauth1, adminToken, bearer and passthrough/,
    ],
    [
      'no way towards Magento',
      { integrations: { a: { ...globex, upstream: {} } } },
      /\/upstream: expected exactly one of oauth1, adminToken, bearer and passthrough/,
    ],
    [
      'a signature over the body alone from anywhere',
      {
        integrations: {
          a: {
            ...acme,
            credentials: { signature: acme.credentials.signature },
            policies: { routes: [] },
          },
        },
      },
      /\/policies\/ipAllowlist: expected addresses/,
    ],
    [
      'a secret that is not there',
      { integrations: { a: { ...globex, credentials: { token: 'env:NOWHERE' } } } },
      /\/credentials\/token: expected the environment variable NOWHERE to be set/,
    ],
    [
      'a file of a secret that is not there',
      { integrations: { a: { ...globex, credentials: { token: 'file:gone' } } } },
      /\/credentials\/token: expected the file gone to be readable \(ENOENT\)/,
    ],
    [
      'a schema that is none',
      {
        integrations: {
          a: {
            ...globex,
            policies: { ...globex.policies, requestSchema: { 'POST /V1/products': 'p.json' } },
          },
        },
        schemas: { 'p.json': { type: 'nonsense' } },
      },
      /expected a valid JSON Schema in schemas\/p\.json/,
    ],
    [
      'a schema for a route that is not granted',
      {
        integrations: {
          a: {
            ...globex,
            policies: { ...globex.policies, requestSchema: { 'POST /V1/orders': 'p.json' } },
          },
        },
        schemas: { 'p.json': {} },
      },
      /expected a route that is granted in \/policies\/routes/,
    ],
    [
      'a demanded key on a route that is not granted by that name',
      {
        integrations: {
          a: {
            ...globex,
            policies: {
              ...globex.policies,
              idempotency: { required: ['PUT /V1/products/:number'] },
            },
          },
        },
      },
      /\/policies\/idempotency\/required\/0: expected a route that is granted/,
    ],
    [
      'plain HTTP on an open address',
      {
        gateway: {
          listen: { host: '0.0.0.0', port: 0, requireHttps: false },
          magento: { url: 'http://127.0.0.1:1' },
          audit: { stdout: true },
        },
      },
      /\/listen\/requireHttps: expected true, or a loopback address/,
    ],
    [
      'one port for callers and for the admin listener',
      {
        gateway: gatewaySettings(
          {
            magentoUrl: 'http://127.0.0.1:1',
            gateway: {
              listen: { port: 8080, requireHttps: true, host: '0.0.0.0' },
              admin: { port: 8080 },
            },
          },
          'var/audit.jsonl',
        ),
      },
      /gateway\.yaml:\d+ \/admin\/port: expected another port than \/listen\/port/,
    ],
    [
      'an audit that goes nowhere',
      {
        gateway: {
          listen: { host: '127.0.0.1', port: 0 },
          magento: { url: 'http://127.0.0.1:1' },
          audit: {},
        },
      },
      /\/audit: expected a place for the records/,
    ],
    [
      'a Magento URL with a path',
      {
        gateway: {
          listen: { host: '127.0.0.1', port: 0 },
          magento: { url: 'http://127.0.0.1:1/rest' },
          audit: { stdout: true },
        },
      },
      /\/magento\/url: expected an http or https URL of a host/,
    ],
    [
      'what is missing',
      { gateway: { listen: { host: '127.0.0.1', port: 0 }, audit: { stdout: true } } },
      /\/magento: expected a value, it is missing/,
    ],
    [
      'an empty file',
      { integrations: { a: null } },
      /a\.yaml:1 \/name: expected a value, it is missing/,
    ],
    [
      'a schema of the shop that is none',
      { magentoSchema: { swagger: '3.0' } },
      /magento\/schema\.json \/: expected the Swagger 2\.0 document of a shop/,
    ],
    [
      'no integration at all',
      { integrations: {} },
      /integrations \/: expected at least one \.yaml file/,
    ],
  ]
  for (const [name, changes, expected] of cases) {
    test(name, async () => {
      assert.match(await faultsOf(changes), expected)
    })
  }

  test('files for TLS that are not there, relative to the configuration', async () => {
    const stderr = await faultsOf({
      gateway: {
        ...gatewaySettings({ magentoUrl: 'https://127.0.0.1:1' }, 'var/audit.jsonl'),
        listen: {
          host: '127.0.0.1',
          port: 0,
          tls: { certFile: 'gateway.yaml', keyFile: 'key.pem' },
        },
        magento: { url: 'https://127.0.0.1:1', caFile: 'ca.pem' },
      },
    })
    assert.match(
      stderr,
      /gateway\.yaml:\d+ \/listen\/tls\/keyFile: expected the file key\.pem to be readable/,
    )
    assert.match(
      stderr,
      /gateway\.yaml:\d+ \/magento\/caFile: expected the file ca\.pem to be readable/,
    )
    assert.match(stderr, /^2 fault/m)
  })

  test('a pipe, a device or a folder in the place of a file, and waits for none', async () => {
    const certFile = join(await temporaryFolder(), 'cert.pem')
    const gateway = { listen: { tls: { certFile, keyFile: 'gateway.yaml' } } }
    await using directory = await writeConfig(
      filesWith({
        gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:1', gateway }, 'var/audit.jsonl'),
        integrations: { a: { ...globex, credentials: { token: 'file:/dev/zero' } } },
      }),
    )
    const pipe = join(directory.path, 'integrations', 'pipe.yaml')
    await promisify(execFile)('mkfifo', [pipe, certFile])
    await mkdir(join(directory.path, 'integrations', 'folder.yaml'))
    await mkdir(join(directory.path, 'magento', 'schema.json'), { recursive: true })
    const { stderr } = await runCommand(['check', '--config', directory.path], testEnv)
    assert.match(stderr, /pipe\.yaml \/: expected a readable file \(not a regular file\)/)
    assert.match(stderr, /\/certFile: expected the file \S+ to be readable \(not a regular file\)/)
    assert.match(stderr, /folder\.yaml \/: expected a readable file \(not a regular file\)/)
    assert.match(stderr, /schema\.json \/: expected a readable file \(not a regular file\)/)
    assert.match(
      stderr,
      /\/token: expected the file \/dev\/zero to be readable \(not a regular file\)/,
    )
  })

  test('a YAML error, without quoting the file', async () => {
    await using directory = await writeConfig(filesWith({}))
    await writeFile(
      join(directory.path, 'integrations', 'bad.yaml'),
      'token: [unclosed-secret-0123\nname: x',
    )
    const stderr = await faultTextAt(directory.path)
    assert.match(stderr, /bad\.yaml:2 \/: expected YAML without the error: deficient indentation/)
    assert.ok(!stderr.includes('unclosed'))
  })

  test('YAML that cannot be taken, with its line and without quoting it', async () => {
    await using directory = await writeConfig(filesWith({}))
    const lines = [
      ['? [hidden-0123456789]\n: y', 2, 'a key that is no text'],
      ['? { a: hidden-0123456789 }\n: y', 2, 'a key that is no text'],
      ['s: &s [hidden-0123456789]\n? *s\n: y', 3, 'a key that is no text'],
      ['? !!binary hidden0123456789\n: y', 2, 'unknown scalar tag'],
      ['y: !hidden-0123456789 z', 2, 'unknown scalar tag'],
      ['y: !<hidden{0123456789> z', 2, 'tag name cannot contain such characters'],
      ['y: !hidden! z', 2, 'undeclared tag handle'],
      ['y: *hidden-0123456789', 2, 'unidentified alias'],
      ['hidden-0123456789: 1\nhidden-0123456789: 2', 3, 'duplicated mapping key'],
      ['--- hidden-0123456789', undefined, 'more than one document'],
      ['y: &a [*a, hidden-0123456789]', undefined, 'aliases that lead to themselves'],
    ] as const
    const file = (name: string) => join(directory.path, 'integrations', name)
    for (const [index, [line]] of lines.entries()) {
      await writeFile(file(`bad-${index}.yaml`), `name: x\n${line}\n`)
    }
    const bomb = [1, 2, 3, 4, 5, 6].map((n) => `l${n}: &l${n} [${`*l${n - 1}, `.repeat(10)}]\n`)
    await writeFile(file('bomb.yaml'), `l0: &l0 x\n${bomb.join('')}`)
    // Keys that are numbers come in the order of the numbers: here the deepest one first.
    const levels = Array.from({ length: 9_000 }, (_, n) => `${9_000 - n}: &l${n + 1} [*l${n}]\n`)
    await writeFile(file('deep.yaml'), `l0: &l0 x\n${levels.join('')}`)
    const stderr = await faultTextAt(directory.path)
    for (const [index, [, line, reason]] of lines.entries()) {
      const place = `bad-${index}.yaml${line === undefined ? '' : `:${line}`} /`
      assert.ok(stderr.includes(`${place}: expected YAML without the error: ${reason}`), place)
    }
    assert.match(stderr, /bomb\.yaml \/: expected YAML without the error: aliases that lead to/)
    assert.match(stderr, /deep\.yaml \/: expected YAML without the error: aliases that lead to/)
    assert.ok(!stderr.includes('hidden'), stderr)
  })

  test('a value that is empty or a block, by the line of its key or list', async () => {
    await using directory = await writeConfig(filesWith({}))
    const file = join(directory.path, 'integrations', 'a.yaml')
    const lines = ['name: a', 'queueWeight:', 'sourceCode: |', '  a b', 'policies:', '  routes:']
    await writeFile(file, [...lines, '    -', ''].join('\n'))
    const stderr = await faultTextAt(directory.path)
    assert.match(stderr, /a\.yaml:2 \/queueWeight: expected/)
    assert.match(stderr, /a\.yaml:3 \/sourceCode: expected/)
    assert.match(stderr, /a\.yaml:7 \/policies\/routes\/0: expected/)
  })

  test('a secret of fewer than 16 characters', async () => {
    const stderr = await faultsOf({}, { ...testEnv, GLOBEX_TOKEN: 'fifteen-letters' })
    assert.match(
      stderr,
      /\/credentials\/token: expected a secret of at least 16 characters in env:GLOBEX_TOKEN/,
    )
    assert.ok(!stderr.includes('fifteen'))
  })

  test('each of many wrong entries of a list', async () => {
    const wrong = Array.from({ length: 30 }, (_, index) => `FETCH /V1/x${index}`)
    const stderr = await faultsOf({
      integrations: { a: { ...globex, policies: { routes: wrong } } },
    })
    const told = [...stderr.matchAll(/\/policies\/routes\/(\d+): expected a method/g)]
    assert.deepEqual(
      told.map(([, index]) => Number(index)),
      wrong.map((_, index) => index),
    )
  })

  test('keys that are not routes, saying what a key must be', async () => {
    const policies = {
      ...globex.policies,
      rateLimit: { rate: '20/s', routes: { PATCH: { rate: '1/s' } } },
      cache: { 'GET V1/products': { ttlSeconds: 1 } },
      requestSchema: { 'GET /V1/products': 'p.json' },
    }
    const stderr = await faultsOf({ integrations: { a: { ...globex, policies } } })
    assert.match(stderr, /\/rateLimit\/routes\/PATCH: expected a method, or a method and a path/)
    assert.match(stderr, /\/cache\/GET V1~1products: expected a method and a path, such as GET/)
    assert.match(stderr, /\/GET ~1V1~1products: expected a method that writes and a path, such as/)
  })

  for (const [what, GLOBEX_TOKEN] of [
    ['a space', 'globex token 0123456789'],
    ['a line break', 'globex-token-0123456789\n'],
    ['an equals sign before its end', 'globex=token-0123456789'],
    ['a letter of no alphabet for tokens', 'globex-tökén-0123456789'],
  ] as const) {
    test(`a bearer token with ${what}, which nobody could present`, async () => {
      const stderr = await faultsOf({}, { ...testEnv, GLOBEX_TOKEN })
      assert.match(stderr, /\/credentials\/token: expected a bearer token, .* in env:GLOBEX_TOKEN/)
      assert.ok(!stderr.includes('0123456789'))
    })
  }

  test('a shared secret with a line break at its end, or of nothing but white space', async () => {
    const secrets = [{ id: 'k1', value: 'env:HMAC' }]
    const signing = { ...globex, credentials: { signature: { scheme: 'canonical', secrets } } }
    const expectedOf = async (HMAC: string) => {
      const stderr = await faultsOf({ integrations: { signing } }, { ...testEnv, HMAC })
      return /\/secrets\/0\/value: expected (.*)/.exec(stderr)?.[1]
    }
    const broken = 'a secret without a line break at its end in env:HMAC'
    assert.equal(await expectedOf('a-secret-of-a-cluster\n'), broken)
    assert.equal(await expectedOf('a-secret-of-a-cluster\r'), broken)
    const short = 'a secret of at least 16 characters in env:HMAC'
    assert.equal(await expectedOf(' '.repeat(32)), short)
    assert.equal(await expectedOf('a-secret-of-a-cluster'), undefined)
  })

  test('a bearer token for Magento that no header can carry', async () => {
    const stderr = await faultsOf({}, { ...testEnv, MAGENTO_TOKEN: 'magento-token-01234\n\n' })
    assert.match(stderr, /\/upstream\/bearer: expected a bearer token, .* in env:MAGENTO_TOKEN/)
  })

  test('a secret that is not UTF-8, and ignores a byte order mark before one', async () => {
    const signature = { scheme: 'canonical', secrets: [{ id: 'k1', value: 'file:acme:hmac' }] }
    const signing = { ...globex, credentials: { signature } }
    await using directory = await writeConfig(filesWith({ integrations: { signing } }))
    await writeFile(join(directory.path, 'acme:hmac'), randomBytes(64).fill(0xff, 0, 1))
    const stderr = await faultTextAt(directory.path)
    assert.match(stderr, /\/secrets\/0\/value: expected text in UTF-8 in the file acme:hmac/)
    await writeFile(join(directory.path, 'acme:hmac'), '\uFEFFa-secret-from-an-editor \r\n')
    const { secrets } = await loadConfig(directory.path, testEnv)
    assert.ok(secrets.some((secret) => secret.reveal() === 'a-secret-from-an-editor '))
  })

  test('a variable with a secret that is not UTF-8', async () => {
    const secrets = [{ id: 'k1', value: 'env:HMAC' }]
    const signing = { ...globex, credentials: { signature: { scheme: 'canonical', secrets } } }
    await using directory = await writeConfig(filesWith({ integrations: { signing } }))
    // A shell passes on bytes that Node can give to no process.
    const script = 'HMAC=$(printf "caf\\351-secret-of-a-shell") && export HMAC && exec "$@"'
    const args = ['-c', script, 'sh', process.execPath, main, 'check', '--config', directory.path]
    const { stdout, stderr } = spawnSync('sh', args, { env: { ...process.env, ...testEnv } })
    assert.match(
      stderr.toString(),
      /\/secrets\/0\/value: expected text in UTF-8 in the environment variable HMAC/,
    )
    assert.ok(!`${stdout}${stderr}`.includes('secret-of-a-shell'))
  })

  test('a file that is not UTF-8', async () => {
    await using directory = await writeConfig(filesWith({}))
    const file = join(directory.path, 'integrations', 'latin.yaml')
    await writeFile(file, Buffer.from('name: caf\xe9\n', 'latin1'))
    const stderr = await faultTextAt(directory.path)
    assert.match(
      stderr,
      /latin\.yaml \/: expected YAML without the error: bytes that are not UTF-8/,
    )
  })

  for (const folder of ['integrations', 'endpoints', 'policies']) {
    test(`a folder ${folder}/ that cannot be read`, async () => {
      await using directory = await writeConfig(filesWith({}))
      await rm(join(directory.path, folder), { recursive: true, force: true })
      await writeFile(join(directory.path, folder), '')
      const stderr = await faultTextAt(directory.path)
      assert.match(stderr, new RegExp(`${folder} /: expected a readable folder \\(ENOTDIR\\)`))
    })
  }

  test('a directory that is not there', async () => {
    const { exitCode, stderr } = await runCommand(['check', '--config', '/nonexistent/magegate'])
    assert.equal(exitCode, 1)
    assert.match(stderr, /gateway\.yaml \/: expected a readable file \(ENOENT\)/)
  })
})

test('a call that is not understood says how to call it, and exits 2', async () => {
  for (const args of [
    [],
    ['serve'],
    ['check'],
    ['check', '--conf', 'x'],
    ['start', 'now', '--config', 'x'],
  ]) {
    const { exitCode, stderr } = await runCommand(args)
    assert.equal(exitCode, 2)
    assert.match(stderr, /usage: magegate COMMAND/)
  }
  const { exitCode, stderr } = await runCommand(['check', '--config', 'x', '--config=y'])
  assert.equal(exitCode, 2)
  assert.match(stderr, /^check: --config is given twice\n\nusage: /)
})

test('--help, of a command too, is no mistake', async () => {
  const { exitCode, stdout, stderr } = await runCommand(['jobs', 'list', '--help'])
  assert.match(stdout, /^usage: magegate COMMAND/)
  assert.deepEqual([exitCode, stderr], [0, ''])
})

test('start refuses what check refuses', async () => {
  await using directory = await writeConfig(filesWith({ integrations: {} }))
  const { exitCode, stdout, stderr } = await runCommand(
    ['start', '--config', directory.path],
    testEnv,
  )
  assert.equal(exitCode, 1)
  assert.equal(stdout, '')
  assert.match(stderr, /does not start[\s\S]*at least one \.yaml file/)
})

test('commands that need the configuration tell its faults as start does', async () => {
  await using directory = await writeConfig(filesWith({ integrations: {} }))
  const faults = `the configuration has 1 fault(s)\n${directory.path}/integrations /: expected at least one .yaml file with an integration\n`
  const said = async (...args: readonly string[]) =>
    (await runCommand([...args, '--config', directory.path], testEnv)).stderr
  assert.deepEqual(
    await Promise.all([
      said('start'),
      said('jobs', 'list'),
      said('explain', '--integration', 'acme-erp'),
      said('magento', 'pull'),
    ]),
    [
      `magegate does not start: ${faults}`,
      `jobs: ${faults}`,
      `explain: ${faults}`,
      `magento pull: ${faults}`,
    ],
  )
})

const closedPath = { ipAllowlist: ['127.0.0.0/8'], routes: ['GET /V1/products'] }

test('tells the faults of a signature in the words of its scheme', async () => {
  const integration = (name: string, signature: object, token?: string) => ({
    name,
    credentials: { signature, ...(token !== undefined && { token }) },
    upstream: { bearer: 'env:MAGENTO_TOKEN' },
    policies: closedPath,
  })
  const secret = { algorithm: 'hmac-sha256', secret: 'env:LONG_SECRET' }
  const oauth1 = {
    scheme: 'oauth1',
    keys: [
      {
        id: 'k1',
        consumerKey: 'env:ACME_TOKEN',
        consumerSecret: 'env:ACME_TOKEN',
        accessToken: 'env:ACME_TOKEN',
        accessTokenSecret: 'env:ACME_TOKEN',
      },
    ],
  }
  const env = { ...testEnv, LONG_SECRET: 'x'.repeat(32) }
  const one = await faultsOf(
    {
      integrations: {
        a: integration('a', { scheme: 'rot13', secrets: [] }),
        b: integration('b', { scheme: 'canonical', keys: [], maxAgeMs: 1 }),
        c: integration('c', { secrets: [] }),
        d: integration('d', {
          scheme: 'rfc9421',
          keys: [{ id: 'k', algorithm: 'ed25519', publicKey: 'env:LONG_SECRET' }],
        }),
        e: integration('e', oauth1, 'env:GLOBEX_TOKEN'),
      },
    },
    env,
  )
  const schemes = 'one of body, canonical, rfc9421, oauth1'
  assert.deepEqual(one.split('\n').sort(), [
    '8 fault(s)',
    'gateway.yaml:2 /listen/publicUrl: expected a value, since d signs the name of the gateway',
    `integrations/a.yaml:4 /credentials/signature/scheme: expected ${schemes}`,
    'integrations/b.yaml:4 /credentials/signature/secrets: expected a value, it is missing',
    'integrations/b.yaml:5 /credentials/signature/keys: expected no such key; known here: scheme, secrets, maxAgeMs',
    'integrations/b.yaml:6 /credentials/signature/maxAgeMs: expected >= 1000',
    'integrations/c.yaml:4 /credentials/signature/scheme: expected a value, it is missing',
    'integrations/d.yaml:8 /credentials/signature/keys/0/publicKey: expected a public key for ed25519, SubjectPublicKeyInfo in PEM',
    'integrations/e.yaml:11 /credentials/token: expected none, since OAuth takes the header Authorization for itself',
  ])
  const other = await faultsOf(
    {
      integrations: {
        a: integration('a', { scheme: 'rfc9421', keys: [{ id: 'k', ...secret }] }),
        b: integration('b', { scheme: 'rfc9421', keys: [{ id: 'k', ...secret }] }),
      },
    },
    env,
  )
  assert.deepEqual(other.split('\n').sort(), [
    '2 fault(s)',
    'gateway.yaml:2 /listen/publicUrl: expected a value, since a signs the name of the gateway',
    'integrations/b.yaml:6 /credentials/signature/keys/0: expected a value that is not used in integrations/a.yaml too',
  ])
})

test('names a mistyped route, and an alias that leads nowhere', async () => {
  const mistyped = {
    ...acme,
    policies: { ...acme.policies, requestSchema: { 'POT /V1/x': 'x.json' } },
  }
  const stderr = await faultsOf({ integrations: { acme: mistyped } })
  assert.match(stderr, /\/policies\/requestSchema\/POT ~1V1~1x: expected a method that writes/)
  await using directory = await writeConfig(filesWith({}))
  await writeFile(join(directory.path, 'gateway.yaml'), 'listen: *nowhere\n')
  assert.match(
    await faultTextAt(directory.path),
    /gateway\.yaml:1 \/: expected YAML without the error: unidentified alias\n/,
  )
})
