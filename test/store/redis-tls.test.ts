import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Secret } from '../../src/contract/secret.ts'
import type { RedisLocation, RedisTls } from '../../src/store/redis-client.ts'
import { openTestStore } from '../support/limits.ts'
import { pem } from '../support/tls/pem.ts'
import { startTlsCluster, startTlsRedis, startTlsSentinel } from './redis-tls.ts'

const authority = { ca: Buffer.from(pem('named.cert')) }
const tls = {
  ...authority,
  // The servers take their own certificate from clients as well.
  cert: Buffer.from(pem('named.cert')),
  key: Buffer.from(pem('named.key')),
}

/** What a store over this Redis says of a nonce, and the codes that it logs. */
async function nonceAt(location: RedisLocation): Promise<[nonce: string, ...codes: unknown[]]> {
  using opened = await openTestStore(location, { deadlineMs: 5_000 })
  const nonce = await opened.store.useNonce('a', 'nonce', 60_000)
  return [nonce, ...opened.lines.map((line) => JSON.parse(line).errorCode)]
}

describe('Redis over TLS', () => {
  test('is used where an authority of the configuration vouches for its name, and not otherwise', async () => {
    await using redis = await startTlsRedis('--tls-auth-clients', 'no')
    const at = (host: string, given?: RedisTls) =>
      nonceAt({ url: new Secret(`rediss://${host}:${redis.port}`), tls: given })
    assert.deepEqual(await at('localhost', authority), ['fresh'])
    assert.deepEqual(await at('localhost'), ['unavailable', 'DEPTH_ZERO_SELF_SIGNED_CERT'])
    const otherName = await at('127.0.0.1', authority)
    assert.deepEqual(otherName, ['unavailable', 'ERR_TLS_CERT_ALTNAME_INVALID'])
  })

  test('gets the certificate of the gateway where it asks for one', async () => {
    await using redis = await startTlsRedis()
    const url = new Secret(`rediss://localhost:${redis.port}`)
    assert.deepEqual(await nonceAt({ url, tls }), ['fresh'])
    // Whether Node emits one error or two depends on how the last bytes arrive. One that nobody listens to fails the test.
    for (let round = 0; round < 20; round += 1) {
      const [without] = await nonceAt({ url, tls: authority })
      assert.equal(without, 'unavailable')
    }
  })

  test('is used behind a sentinel that takes TLS too, with a password of its own', async () => {
    const password = 'password-of-the-sentinel'
    await using sentinel = await startTlsSentinel(password)
    const location = {
      primary: 'shop',
      sentinels: [`localhost:${sentinel.port}`],
      sentinelAccess: { password: new Secret(password), tls },
      access: { tls },
    }
    assert.deepEqual(await nonceAt(location), ['fresh'])
  })

  test('is used as a cluster whose certificates have names and no addresses', async () => {
    await using cluster = await startTlsCluster()
    const location = { nodes: [`localhost:${cluster.port}`], access: { tls } }
    assert.deepEqual(await nonceAt(location), ['fresh'])
  })
})
