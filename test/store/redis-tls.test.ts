import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
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

/** Waits until a store over this Redis takes a nonce; on a busy machine its first connection can take too long. */
async function isUsed(location: RedisLocation): Promise<void> {
  using opened = await openTestStore(location, { deadlineMs: 5_000 })
  while ((await opened.store.useNonce('a', 'nonce', 60_000)) === 'unavailable') await delay(20)
}

/** Waits until a store that cannot use this Redis says so, with a code. */
async function isNotUsed(location: RedisLocation, code: string): Promise<void> {
  using opened = await openTestStore(location, { deadlineMs: 5_000 })
  assert.equal(await opened.store.useNonce('a', 'nonce', 60_000), 'unavailable')
  await opened.logged(code)
}

describe('Redis over TLS', () => {
  test('is used where an authority of the configuration vouches for its name, and not otherwise', async () => {
    await using redis = await startTlsRedis('--tls-auth-clients', 'no')
    const at = (host: string, given?: RedisTls): RedisLocation => ({
      url: new Secret(`rediss://${host}:${redis.port}`),
      tls: given,
    })
    await isUsed(at('localhost', authority))
    await isNotUsed(at('localhost'), 'DEPTH_ZERO_SELF_SIGNED_CERT')
    await isNotUsed(at('127.0.0.1', authority), 'ERR_TLS_CERT_ALTNAME_INVALID')
  })

  test('gets the certificate of the gateway where it asks for one', async () => {
    await using redis = await startTlsRedis()
    const url = new Secret(`rediss://localhost:${redis.port}`)
    await isUsed({ url, tls })
    // Whether Node emits one error or two depends on how the last bytes arrive. One that nobody listens to fails the test.
    for (let round = 0; round < 20; round += 1) {
      using without = await openTestStore({ url, tls: authority }, { deadlineMs: 5_000 })
      assert.equal(await without.store.useNonce('a', 'nonce', 60_000), 'unavailable')
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
    await isUsed(location)
  })

  test('is used as a cluster whose certificates have names and no addresses', async () => {
    await using cluster = await startTlsCluster()
    const location = { nodes: [`localhost:${cluster.port}`], access: { tls } }
    await isUsed(location)
  })
})
