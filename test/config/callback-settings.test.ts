import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { loadConfig } from '../../src/config.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'
import { pemFile } from '../support/tls/pem.ts'
import { faultLinesAt } from './config-faults.ts'

const env = {
  ...testEnv,
  WEBHOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
  OLD_WEBHOOK_SECRET: `whsec_${randomBytes(24).toString('base64')}`,
  SHORT_WEBHOOK_SECRET: `whsec_${randomBytes(23).toString('base64')}`,
  HEX_SECRET: randomBytes(32).toString('hex'),
}

const callback = { url: 'https://erp.example/hooks', secrets: ['env:WEBHOOK_SECRET'] }

const keepsJobs = { jobs: { file: 'var/jobs.sqlite' } }

function written(settings: unknown, gateway: Record<string, object> = keepsJobs) {
  return writeConfig({
    gateway: gatewaySettings({ magentoUrl: 'http://127.0.0.1:1', gateway }, 'var/audit.jsonl'),
    integrations: { globex: { ...globex, callback: settings } },
  })
}

async function load(settings: unknown) {
  await using files = await written(settings)
  return await loadConfig(files.path, env)
}

async function faultsOf(settings: unknown, gateway?: Record<string, object>): Promise<string[]> {
  await using files = await written(settings, gateway)
  return await faultLinesAt(files.path, env)
}

describe('the setting callback', () => {
  test('needs a URL and a secret, and has a day of attempts by default', async () => {
    const { integrations, secrets } = await load(callback)
    const settings = integrations[0]?.callback
    assert.equal(settings?.url, 'https://erp.example/hooks')
    assert.deepEqual(settings?.retry, {
      firstMs: 5_000,
      longestMs: 3_600_000,
      giveUpAfterMs: 86_400_000,
    })
    assert.deepEqual(settings?.allowAddresses, [])
    assert.ok(secrets.some((secret) => secret.reveal() === env.WEBHOOK_SECRET))
    assert.deepEqual(await faultsOf({}), [
      '/callback/url: a value, it is missing',
      '/callback/secrets: a value, it is missing',
    ])
  })

  test('takes a second secret, addresses that are allowed and an authority of their own', async () => {
    const { integrations } = await load({
      ...callback,
      url: 'http://10.1.2.3:8080/hooks',
      secrets: ['env:WEBHOOK_SECRET', 'env:OLD_WEBHOOK_SECRET'],
      allowAddresses: ['10.1.0.0/16'],
      caFile: pemFile('ca.cert'),
    })
    assert.equal(integrations[0]?.callback?.secrets.length, 2)
  })

  test('refuses a secret in plain, one of another form and one that is too short', async () => {
    const faults = await faultsOf({
      ...callback,
      secrets: ['env:HEX_SECRET', 'env:WEBHOOK_SECRET', 'env:SHORT_WEBHOOK_SECRET'],
    })
    assert.deepEqual(
      faults.map((fault) => fault.replace(/: a secret such as .* makes it: /, ': ')),
      [
        '/callback/secrets/0: whsec_ and base64 of 24 to 64 bytes',
        '/callback/secrets/2: whsec_ and base64 of 24 to 64 bytes',
      ],
    )
    assert.deepEqual(await faultsOf({ ...callback, secrets: [env.WEBHOOK_SECRET] }), [
      '/callback/secrets/0: a reference to a secret, env:NAME or file:PATH (a secret in plain is refused)',
    ])
    assert.match((await faultsOf({ ...callback, secrets: [] }))[0] ?? '', /^\/callback\/secrets: /)
  })

  test('refuses a URL that is none, has credentials, is http or leads to a private address', async () => {
    for (const url of ['erp.example', 'ftp://erp.example/', 'https://user:secret@erp.example/']) {
      const faults = await faultsOf({ ...callback, url })
      assert.deepEqual(faults, ['/callback/url: an https URL without credentials and fragment'])
    }
    assert.deepEqual(await faultsOf({ ...callback, url: 'http://erp.example/' }), [
      '/callback/url: https; plain http goes to addresses of allowAddresses only',
    ])
    for (const url of ['https://10.1.2.3/', 'https://2130706433/', 'https://[::ffff:a01:203]/']) {
      assert.deepEqual(await faultsOf({ ...callback, url }), [
        '/callback/url: a public address, or one of allowAddresses',
      ])
    }
  })

  test('refuses malformed addresses, a missing file, and unknown keys', async () => {
    assert.deepEqual(
      await faultsOf({ ...callback, allowAddresses: ['erp'], caFile: 'no.pem', follow: true }),
      [
        '/callback/follow: no such key; known here: url, secrets, allowAddresses, caFile, concurrency, timeoutMs, retry',
        '/callback/allowAddresses/0: an IP address, or a CIDR block by its first address, such as 203.0.113.0/24 or 2001:db8:7::/48',
        '/callback/caFile: the file no.pem to be readable (ENOENT)',
      ],
    )
  })

  test('needs jobs', async () => {
    assert.deepEqual(await faultsOf(callback, {}), [
      '/jobs: a value, since globex-pim is called back at the end of jobs',
    ])
  })
})
