import assert from 'node:assert/strict'
import { test } from 'node:test'
import { globex, startGateway } from '../../support/gateway.ts'
import { globexHeaders, send } from '../../support/http-client.ts'
import { startRawUpstream } from '../../support/raw-upstream.ts'
import { startRedis } from '../../support/redis.ts'

const hourMs = 3_600_000
const answer = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'

for (const kind of ['memory', 'Redis'] as const) {
  test(`an answer in ${kind} is not given as new when the clock has been set back since`, async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
    await using redis = kind === 'Redis' ? await startRedis() : undefined
    await using upstream = await startRawUpstream((socket) => void socket.write(answer))
    await using gateway = await startGateway({
      magentoUrl: upstream.url,
      ...(redis && { gateway: { store: { redis: 'env:REDIS', deadlineMs: 2_000 } } }),
      env: redis ? { REDIS: redis.url } : {},
      integrations: [
        {
          ...globex,
          policies: {
            ...globex.policies,
            cache: { 'GET /V1/products/:sku': { ttlSeconds: 60, staleIfErrorSeconds: 3_600 } },
          },
        },
      ],
    })
    const get = async () => {
      const { headers } = await send(gateway.url, { headers: globexHeaders })
      return [headers['cache-status'], headers.age]
    }
    const missed = ['magegate; fwd=miss', undefined]
    assert.deepEqual(await get(), missed)
    assert.deepEqual(await get(), ['magegate; hit', '0'])
    t.mock.timers.setTime(Date.now() - hourMs)
    assert.deepEqual(await get(), missed)
    assert.deepEqual(await get(), ['magegate; hit', '0'])
  })
}
