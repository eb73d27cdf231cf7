import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testEnv } from '../support/gateway.ts'
import { configFaults } from './config-faults.ts'

test('no token is accepted that nobody could present', async () => {
  const pointersOf = async (token: string) => {
    const faults = await configFaults({
      gateway: { admin: { host: '127.0.0.1', port: 0, token: 'env:TOKEN' } },
      integration: { credentials: { token: 'env:TOKEN' }, upstream: { bearer: 'env:TOKEN' } },
      env: { ...testEnv, TOKEN: token },
    })
    assert.ok(!JSON.stringify([...faults]).includes('0123456789'))
    return [...faults.keys()].sort()
  }
  for (const token of ['a'.repeat(16), 'a'.repeat(8_192), 'dG9rZW4tMDEyMzQ1Njc4OQ==']) {
    assert.deepEqual(await pointersOf(token), [])
  }
  for (const token of [
    ' token-0123456789',
    'token 0123456789',
    'token\n0123456789',
    'tökén-0123456789',
    'token-0123456789\n',
    'token=-0123456789',
    'a'.repeat(8_193),
  ]) {
    assert.deepEqual(
      await pointersOf(token),
      ['/admin/token', '/credentials/token', '/upstream/bearer'],
      token,
    )
  }
})
