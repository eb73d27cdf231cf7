import { setTimeout as delay } from 'node:timers/promises'
import { Secret } from '../src/contract/secret.ts'
import { chargeOn, openTestStore, rateOf, type TestStore } from '../test/support/limits.ts'
import { startRedis, type TestRedis, withClient } from '../test/support/redis.ts'
import { startSentinel } from '../test/support/redis-topologies.ts'
import { openSlowLink, type SlowLink } from '../test/support/slow-link.ts'

/** What requests went through while Redis had a fault. */
export interface FaultCost {
  readonly fault: string
  /** The longest that any request waited for its decision, milliseconds. */
  readonly worstMs: number
  readonly requests: number
  /** From the repair to the first shared decision, milliseconds. */
  readonly recoveryMs: number | undefined
}

interface Fixture {
  readonly redis: TestRedis
  readonly link: SlowLink
}

const faults: readonly [string, (on: Fixture) => unknown, (on: Fixture) => unknown][] = [
  ['killed', ({ redis }) => redis.kill(), ({ redis }) => redis.restart()],
  ['frozen (SIGSTOP)', ({ redis }) => redis.freeze(), ({ redis }) => redis.thaw()],
  [
    'slow (200 ms)',
    ({ link }) => Object.assign(link, { delayMs: 200 }),
    ({ link }) => Object.assign(link, { delayMs: 0 }),
  ],
  [
    'flushed, scripts too',
    ({ redis }) =>
      withClient(redis.url, (client) => Promise.all([client.flushall(), client.script('FLUSH')])),
    () => undefined,
  ],
  [
    'read-only',
    ({ redis }) => withClient(redis.url, (client) => client.replicaof('127.0.0.1', 1)),
    ({ redis }) => withClient(redis.url, (client) => client.replicaof('NO', 'ONE')),
  ],
]

/** Sends a steady stream of requests through each fault, for two seconds. */
export async function measureFaults(): Promise<FaultCost[]> {
  const costs: FaultCost[] = []
  for (const [fault, strike, repair] of faults) {
    await using redis = await startRedis()
    await using link = await openSlowLink(redis.port)
    using opened = await openTestStore({ url: new Secret(`redis://127.0.0.1:${link.port}/0`) })
    const stream = pressOn(opened)
    await delay(300)
    await strike({ redis, link })
    await delay(2_000)
    const backBefore = countOfBack(opened)
    const wasAway = opened.lines.length > 0
    const repairedAt = performance.now()
    await repair({ redis, link })
    if (wasAway) await opened.logged('redis is back', backBefore + 1)
    const recoveryMs = wasAway ? performance.now() - repairedAt : undefined
    costs.push({ fault, recoveryMs, ...(await stream.end()) })
  }
  costs.push(await measureFailover())
  return costs
}

async function measureFailover(): Promise<FaultCost> {
  await using watched = await startSentinel()
  const location = { primary: 'shop', sentinels: [watched.address], sentinelAccess: {}, access: {} }
  using opened = await openTestStore(location)
  const stream = pressOn(opened)
  await delay(300)
  await watched.primary.kill()
  await untilPromoted(watched.replica)
  const promotedAt = performance.now()
  await opened.logged('redis is back')
  const recoveryMs = performance.now() - promotedAt
  return { fault: 'failing over (Sentinel)', recoveryMs, ...(await stream.end()) }
}

async function untilPromoted({ url }: TestRedis): Promise<void> {
  while (!(await withClient(url, (client) => client.info('replication'))).includes('role:master')) {
    await delay(5)
  }
}

function countOfBack({ lines }: TestStore): number {
  return lines.filter((line) => line.includes('redis is back')).length
}

/** Ten requests every two milliseconds, and how long each of them waits. */
function pressOn({ store }: TestStore) {
  const charge = chargeOn([rateOf(900_000_000, 1, 1_000_000)])
  let requests = 0
  let worstMs = 0
  const pending = new Set<Promise<void>>()
  const timer = setInterval(() => {
    for (let count = 0; count < 10; count += 1) {
      const begin = performance.now()
      requests += 1
      const done = Promise.resolve(store.decide(charge)).then(() => {
        worstMs = Math.max(worstMs, performance.now() - begin)
        pending.delete(done)
      })
      pending.add(done)
    }
  }, 2)
  return {
    end: async () => {
      clearInterval(timer)
      await Promise.all(pending)
      return { requests, worstMs }
    },
  }
}
