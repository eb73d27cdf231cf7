import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publicOrigin } from '../../src/config/public-origin.ts'
import { loadConfig } from '../../src/config.ts'
import { writeConfig } from '../support/config-directory.ts'
import { gatewaySettings, globex, testEnv } from '../support/gateway.ts'

async function originOf(listen: object) {
  await using files = await writeConfig({
    gateway: gatewaySettings(
      { magentoUrl: 'http://127.0.0.1:1', gateway: { listen } },
      'audit.jsonl',
    ),
    integrations: { globex },
  })
  const { gateway } = await loadConfig(files.path, testEnv)
  const { scheme, authority } = publicOrigin(gateway.listen)
  return `${scheme}://${authority}`
}

test('signatures cover the public URL of the gateway in its canonical form', async () => {
  for (const [publicUrl, origin] of [
    ['https://Gateway.Example:443/', 'https://gateway.example'],
    ['http://gateway.example:80', 'http://gateway.example'],
    ['http://gateway.example:443', 'http://gateway.example:443'],
    ['https://gateway.example:8443', 'https://gateway.example:8443'],
  ]) {
    assert.equal(await originOf({ publicUrl }), origin)
  }
})

test('without a public URL it is the address that it listens on', async () => {
  assert.equal(await originOf({ port: 8080 }), 'http://127.0.0.1:8080')
  assert.equal(await originOf({ host: '::1', port: 8080 }), 'http://[::1]:8080')
})
