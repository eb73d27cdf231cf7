import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startGateway, testEnv } from '../support/gateway.ts'
import { startMagento } from '../support/magento-for-tests.ts'
import { shared, temporaryFolder } from '../support/shared.ts'
import {
  ed25519PrivatePem,
  publicUrl,
  signersGateway,
  signingEnv,
} from '../support/signing-integrations.ts'

const folder = await temporaryFolder()
await writeFile(join(folder, 'key.pem'), ed25519PrivatePem)
const magento = await shared(startMagento())
const gateway = await shared(startGateway({ magentoUrl: magento.url, ...signersGateway }))

interface Ended {
  readonly code: number | string
  readonly stdout: string
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
  const cwd = fileURLToPath(new URL('../../', import.meta.url))
  return new Promise<Ended>((resolve) => {
    execFile(command, args, { cwd, env: { PATH: process.env.PATH, ...env } }, (error, stdout) => {
      resolve({ code: error?.code ?? 0, stdout })
    })
  })
}

const languages = [
  ['curl and openssl', 'bash', 'curl', 'sh'],
  ['PHP', 'php', 'php', 'php'],
  ['Node', process.execPath, 'node', 'js'],
  ['Python', 'python3', 'python', 'py'],
] as const

/** What a scheme's clients sign with, and what they must not be let through with. */
const schemes = {
  canonical: {
    good: {
      INTEGRATION_TOKEN: signingEnv.CANONICAL_TOKEN,
      HMAC_SECRET: signingEnv.CANONICAL_SECRET,
    },
    bad: { HMAC_SECRET: 'another-secret-0123456789' },
    answer: /"success":true/,
    keyId: 'k1',
  },
  rfc9421: {
    good: {
      SIGNING_KEY_ID: 'message-1',
      HMAC_SECRET: signingEnv.MESSAGE_SECRET,
      GATEWAY_AUTHORITY: new URL(publicUrl).host,
    },
    bad: { HMAC_SECRET: 'another-secret-0123456789' },
    answer: /"success":true/,
    keyId: 'message-1',
  },
  oauth1: {
    good: {
      CONSUMER_KEY: signingEnv.CONSUMER_KEY,
      CONSUMER_SECRET: signingEnv.CONSUMER_SECRET,
      ACCESS_TOKEN: signingEnv.ACCESS_TOKEN,
      ACCESS_TOKEN_SECRET: signingEnv.ACCESS_TOKEN_SECRET,
      GATEWAY_PUBLIC_URL: publicUrl,
    },
    bad: { CONSUMER_SECRET: 'another-secret-0123456789' },
    answer: /"sku":"24-MB01"/,
    keyId: 'legacy-1',
  },
}

let sent = 0

for (const [scheme, { good, bad, answer, keyId }] of Object.entries(schemes)) {
  describe(`a client of scheme ${scheme} is let through, and with another secret refused`, () => {
    for (const [language, command, directory, extension] of languages) {
      test(language, async () => {
        const file = `examples/${directory}/${scheme}.${extension}`
        const env = { GATEWAY_URL: gateway.url, ...good }
        const passed = await run(command, [file], env)
        assert.equal(passed.code, 0, passed.stdout)
        assert.match(passed.stdout, answer)
        assert.match(passed.stdout, /^HTTP 200$/m)
        const refused = await run(command, [file], { ...env, ...bad })
        assert.notEqual(refused.code, 0)
        assert.match(refused.stdout, /unauthenticated/)
        assert.match(refused.stdout, /^HTTP 401$/m)
        sent += 2
        const records = await gateway.auditRecords(sent)
        assert.deepEqual(
          records.slice(sent - 2, sent).map((record) => record.keyId),
          [keyId, undefined],
        )
      })
    }
  })
}

describe('a client of scheme body is let through, and with another secret refused', () => {
  // A write that is sent twice is taken for a replay, so each client sends another one.
  for (const [index, [language, command, directory, extension]] of languages.entries()) {
    test(language, async () => {
      const name = directory === 'php' ? 'post-inventory' : 'body'
      const args = [`examples/${directory}/${name}.${extension}`, '24-MB01', String(50 + index)]
      const env = { GATEWAY_URL: gateway.url, INTEGRATION_TOKEN: testEnv.ACME_TOKEN }
      const good = await run(command, args, { ...env, HMAC_SECRET: testEnv.ACME_HMAC_SECRET })
      assert.equal(good.code, 0, good.stdout)
      assert.match(good.stdout, /^HTTP 200$/m)
      assert.equal(magento.stock('24-MB01'), 50 + index)
      const bad = await run(command, args, { ...env, HMAC_SECRET: 'another-secret-0123456789' })
      assert.notEqual(bad.code, 0)
      assert.match(bad.stdout, /unauthenticated/)
    })
  }
})

test('a client of scheme rfc9421 may sign with a private key, of which we have the public one', async () => {
  const { code, stdout } = await run(process.execPath, ['examples/node/rfc9421.js'], {
    GATEWAY_URL: gateway.url,
    GATEWAY_AUTHORITY: new URL(publicUrl).host,
    SIGNING_KEY_ID: 'message-2',
    PRIVATE_KEY_FILE: join(folder, 'key.pem'),
  })
  assert.equal(code, 0, stdout)
  assert.match(stdout, /"success":true/)
})
