import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { loadConfig } from '../../src/config.ts'
import { redactTokenShapes } from '../../src/record/redaction/token-shapes.ts'
import { writeConfig } from '../support/config-directory.ts'
import { globex, testEnv } from '../support/gateway.ts'
import { main } from '../support/gateway-process.ts'
import { faultTextAt, faultTextOf, filesWith } from './config-faults.ts'

describe('refuses', () => {
  test('a file of a secret that is not there', async () => {
    const token = 'file:gone'
    const told = await faultTextOf({ integrations: { a: { ...globex, credentials: { token } } } })
    assert.match(told, /\/credentials\/token: expected the file gone to be readable \(ENOENT\)/)
  })

  test('a variable that is not set, also if objects have a member of its name', async () => {
    for (const name of ['GLOBEX_UNSET', 'toString', '__proto__']) {
      const token = `env:${name}`
      const told = await faultTextOf({ integrations: { a: { ...globex, credentials: { token } } } })
      assert.match(told, new RegExp(`/token: expected the environment variable ${name} to be set`))
    }
  })

  test('a secret of fewer than 16 characters', async () => {
    const told = await faultTextOf({}, { ...testEnv, GLOBEX_TOKEN: 'fifteen-letters' })
    assert.match(
      told,
      /\/credentials\/token: expected a secret of at least 16 characters in env:GLOBEX_TOKEN/,
    )
    assert.ok(!told.includes('fifteen'))
  })

  test('a shared secret with a line break at its end, or of nothing but white space', async () => {
    const secrets = [{ id: 'k1', value: 'env:HMAC' }]
    const signing = { ...globex, credentials: { signature: { scheme: 'canonical', secrets } } }
    const expectedOf = async (HMAC: string) => {
      const told = await faultTextOf({ integrations: { signing } }, { ...testEnv, HMAC })
      return /\/secrets\/0\/value: expected (.*)/.exec(told)?.[1]
    }
    const broken = 'a secret without a line break at its end in env:HMAC'
    assert.equal(await expectedOf('a-secret-of-a-cluster\n'), broken)
    assert.equal(await expectedOf('a-secret-of-a-cluster\r'), broken)
    const short = 'a secret of at least 16 characters in env:HMAC'
    assert.equal(await expectedOf(' '.repeat(32)), short)
    assert.equal(await expectedOf('a-secret-of-a-cluster'), undefined)
  })

  test('a secret that is not UTF-8, and ignores a byte order mark before one', async () => {
    const signature = { scheme: 'canonical', secrets: [{ id: 'k1', value: 'file:acme:hmac' }] }
    const signing = { ...globex, credentials: { signature } }
    await using directory = await writeConfig(filesWith({ integrations: { signing } }))
    await writeFile(join(directory.path, 'acme:hmac'), randomBytes(64).fill(0xff, 0, 1))
    const told = await faultTextAt(directory.path)
    assert.match(told, /\/secrets\/0\/value: expected text in UTF-8 in the file acme:hmac/)
    await writeFile(join(directory.path, 'acme:hmac'), '\uFEFFa-secret-from-an-editor \r\n')
    const { secrets } = await loadConfig(directory.path, testEnv)
    assert.ok(secrets.some((secret) => secret.reveal() === 'a-secret-from-an-editor '))
  })

  test('credentials that nobody could present, in words in which the log sees no credential', async () => {
    const env = { ...testEnv, GLOBEX_TOKEN: 'a token with spaces in it' }
    const told = await faultTextOf({ integrations: { a: { ...globex, upstream: {} } } }, env)
    assert.match(told, /expected exactly one of bearer, oauth1, adminToken and passthrough/)
    assert.match(told, /expected a token of letters, digits and .* in env:GLOBEX_TOKEN/)
    assert.equal(redactTokenShapes(told), told)
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
})
