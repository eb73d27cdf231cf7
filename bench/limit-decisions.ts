import type { Charge, Limit } from '../src/contract/limit.ts'
import { Secret } from '../src/contract/secret.ts'
import { memoryLimits } from '../src/store/limits/memory-limits.ts'
import {
  chargeOn,
  concurrencyOf,
  openTestStore,
  quotaOf,
  rateOf,
  type TestStore,
} from '../test/support/limits.ts'
import { type TestRedis, withClient } from '../test/support/redis.ts'

/** What one decision costs. */
export interface DecisionCost {
  readonly name: string
  /** CPU time of the gateway's side, microseconds. */
  readonly cpuUs: number
  /** Commands that Redis was sent; undefined without Redis. */
  readonly commands: number | undefined
}

const decisions = 40_000
const atOnce = 16

/** Measures decisions in memory, in Redis, and in Redis with leases, by one limit and by three. */
export async function measureDecisions(redis: TestRedis): Promise<DecisionCost[]> {
  const endless = rateOf(900_000_000, 1, 1_000_000)
  const one = [endless]
  const two = [endless, quotaOf(1e12, 'day')]
  const three = [...two, concurrencyOf(100_000)]
  using opened = await openTestStore({ url: new Secret(redis.url) })
  return [
    await inMemory('memory, one limit', one),
    await inMemory('memory, rate, quota and concurrency', three),
    await inRedis('Redis, one limit', opened, redis, chargeOn(one)),
    await inRedis('Redis, rate, quota and concurrency', opened, redis, chargeOn(three)),
    await inRedis(
      'Redis, leases of 100, rate and quota',
      opened,
      redis,
      chargeOn(two, { leaseTokens: 100 }),
    ),
  ]
}

async function inMemory(name: string, limits: readonly Limit[]): Promise<DecisionCost> {
  const decide = memoryLimits({ monotonic: () => performance.now(), wall: Date.now })
  const charge = chargeOn(limits)
  const cpuUs = await cpuOf(async () => {
    for (let count = 0; count < decisions; count += 1) {
      const decision = decide(charge)
      if (decision.outcome === 'decided') decision.release?.()
    }
  })
  return { name, cpuUs, commands: undefined }
}

async function inRedis(
  name: string,
  { store }: TestStore,
  redis: TestRedis,
  charge: Charge,
): Promise<DecisionCost> {
  const caller = async () => {
    for (let count = 0; count < decisions / atOnce; count += 1) {
      const decision = await store.decide(charge)
      if (decision.outcome === 'decided') decision.release?.()
    }
  }
  const before = await commandsOf(redis)
  const cpuUs = await cpuOf(() => Promise.all(Array.from({ length: atOnce }, caller)))
  return { name, cpuUs, commands: ((await commandsOf(redis)) - before) / (2 * decisions) }
}

/** CPU time of one decision; what is measured has run once before. */
async function cpuOf(decide: () => Promise<unknown>): Promise<number> {
  await decide()
  const before = process.cpuUsage()
  await decide()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / decisions
}

/** Commands that clients have sent; not those that scripts ran. */
async function commandsOf(redis: TestRedis): Promise<number> {
  const info = await withClient(redis.url, (client) => client.info('commandstats'))
  const counts = [...info.matchAll(/cmdstat_(?:evalsha|eval|zrem):calls=(\d+)/g)]
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}
