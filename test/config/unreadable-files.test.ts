import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex } from '../support/gateway.ts'
import { temporaryFolder } from '../support/shared.ts'
import { faultTextAt, faultTextOf, filesWith } from './config-faults.ts'

describe('refuses', () => {
  test('files for TLS that are not there, relative to the configuration', async () => {
    const told = await faultTextOf({
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
    assert.deepEqual(told.replaceAll(/:\d+/g, '').split('\n').sort(), [
      'gateway.yaml /listen/tls/keyFile: expected the file key.pem to be readable (ENOENT)',
      'gateway.yaml /magento/caFile: expected the file ca.pem to be readable (ENOENT)',
    ])
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
    // As /proc/kmsg, of which reading waits, but anybody may read it.
    await symlink('/proc/self/environ', join(directory.path, 'integrations', 'made-up.yaml'))
    await mkdir(join(directory.path, 'magento', 'schema.json'), { recursive: true })
    const told = await faultTextAt(directory.path)
    assert.match(told, /pipe\.yaml \/: expected a readable file \(not a regular file\)/)
    assert.match(told, /\/certFile: expected the file \S+ to be readable \(not a regular file\)/)
    assert.match(told, /folder\.yaml \/: expected a readable file \(not a regular file\)/)
    assert.match(told, /schema\.json \/: expected a readable file \(not a regular file\)/)
    assert.match(told, /made-up\.yaml \/: expected a readable file \(empty, or without a size/)
    assert.match(
      told,
      /\/token: expected the file \/dev\/zero to be readable \(not a regular file\)/,
    )
  })

  test('a file that is far too long, and does not read it', async () => {
    const token = join(await temporaryFolder(), 'token')
    await using directory = await writeConfig(
      filesWith({ integrations: { a: { ...globex, credentials: { token: `file:${token}` } } } }),
    )
    const long = join(directory.path, 'integrations', 'long.yaml')
    for (const file of [token, long]) {
      await writeFile(file, '')
      await truncate(file, 2 ** 29)
    }
    const told = await faultTextAt(directory.path)
    assert.match(told, /long\.yaml \/: expected a readable file \(longer than 64 MiB\)/)
    assert.match(told, /\/token: expected the file \S+ to be readable \(longer than 64 MiB\)/)
  })

  test('a fault in a file whose name has a line break, which is no reason to pass it over', async () => {
    await using directory = await writeConfig(filesWith({}))
    await writeFile(join(directory.path, 'integrations', 'a\nb.yaml'), 'name: x')
    assert.match(await faultTextAt(directory.path), /a.b\.yaml:1 \/credentials: expected/)
  })

  test('a YAML error, without quoting the file', async () => {
    await using directory = await writeConfig(filesWith({}))
    await writeFile(
      join(directory.path, 'integrations', 'bad.yaml'),
      'token: [unclosed-secret-0123\nname: x',
    )
    const told = await faultTextAt(directory.path)
    assert.match(told, /bad\.yaml:2 \/: expected YAML without the error: deficient indentation/)
    assert.ok(!told.includes('unclosed'))
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
    const told = await faultTextAt(directory.path)
    for (const [index, [, line, reason]] of lines.entries()) {
      const place = `bad-${index}.yaml${line === undefined ? '' : `:${line}`} /`
      assert.ok(told.includes(`${place}: expected YAML without the error: ${reason}`), place)
    }
    assert.match(told, /bomb\.yaml \/: expected YAML without the error: aliases that lead to/)
    assert.match(told, /deep\.yaml \/: expected YAML without the error: aliases that lead to/)
    assert.ok(!told.includes('hidden'), told)
  })

  test('a value that is empty or a block, by the line of its key or list', async () => {
    await using directory = await writeConfig(filesWith({}))
    const file = join(directory.path, 'integrations', 'a.yaml')
    const lines = ['name: a', 'queueWeight:', 'sourceCode: |', '  a b', 'policies:', '  routes:']
    await writeFile(file, [...lines, '    -', ''].join('\n'))
    const told = await faultTextAt(directory.path)
    assert.match(told, /a\.yaml:2 \/queueWeight: expected/)
    assert.match(told, /a\.yaml:3 \/sourceCode: expected/)
    assert.match(told, /a\.yaml:7 \/policies\/routes\/0: expected/)
  })

  test('an empty file', async () => {
    const told = await faultTextOf({ integrations: { a: null } })
    assert.match(told, /a\.yaml:1 \/name: expected a value, it is missing/)
  })

  test('a file that is not UTF-8', async () => {
    await using directory = await writeConfig(filesWith({}))
    const file = join(directory.path, 'integrations', 'latin.yaml')
    await writeFile(file, Buffer.from('name: caf\xe9\n', 'latin1'))
    const told = await faultTextAt(directory.path)
    assert.match(told, /latin\.yaml \/: expected YAML without the error: bytes that are not UTF-8/)
  })

  for (const folder of ['integrations', 'endpoints', 'policies']) {
    test(`a folder ${folder}/ that cannot be read`, async () => {
      await using directory = await writeConfig(filesWith({}))
      await rm(join(directory.path, folder), { recursive: true, force: true })
      await writeFile(join(directory.path, folder), '')
      const told = await faultTextAt(directory.path)
      assert.match(told, new RegExp(`${folder} /: expected a readable folder \\(ENOTDIR\\)`))
      await rm(join(directory.path, folder))
      await symlink('a-volume-that-is-not-mounted', join(directory.path, folder))
      const toldOfLink = await faultTextAt(directory.path)
      assert.match(toldOfLink, new RegExp(`${folder} /: expected a readable folder \\(ENOENT\\)`))
    })
  }

  test('a directory that is not there', async () => {
    const told = await faultTextAt('/nonexistent/magegate')
    assert.match(told, /^gateway\.yaml \/: expected a readable file \(ENOENT\)$/m)
  })
})
