import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { clockOf, type TestRedis, withClient } from '../test/support/redis.ts'

/** What two processes that pressed on one limit were let through. */
export interface Pressure {
  readonly leaseTokens: number
  readonly asked: number
  readonly allowed: number
  /** Rate times the time between the first and the last decision, and the burst. */
  readonly granted: number
}

/** What a pressing process is told, and what it tells. */
export interface PressureOrder {
  readonly url: string
  readonly leaseTokens: number
  readonly seconds: number
  readonly perSecond: number
}

/** The limit that is pressed on. */
export const pressed = { perSecond: 200, burst: 100 } as const

const seconds = 10
const timesTheLimit = 10

/** Two processes ask for ten times the limit, for ten seconds. */
export async function measurePressure(redis: TestRedis, leaseTokens: number): Promise<Pressure> {
  await withClient(redis.url, (client) => client.flushall())
  const order: PressureOrder = {
    url: redis.url,
    leaseTokens,
    seconds,
    perSecond: (pressed.perSecond * timesTheLimit) / 2,
  }
  const startUs = await clockOf(redis.url)
  const counts = await Promise.all([press(order), press(order)])
  const elapsed = ((await clockOf(redis.url)) - startUs) / 1e6
  const sumOf = (pick: (count: (typeof counts)[number]) => number) =>
    counts.reduce((sum, count) => sum + pick(count), 0)
  return {
    leaseTokens,
    asked: sumOf(({ asked }) => asked),
    allowed: sumOf(({ allowed }) => allowed),
    granted: elapsed * pressed.perSecond + pressed.burst,
  }
}

async function press(order: PressureOrder): Promise<{ asked: number; allowed: number }> {
  const file = fileURLToPath(new URL('press-limit.ts', import.meta.url))
  const child = fork(file, [JSON.stringify(order)])
  const [counts] = await once(child, 'message')
  return counts as { asked: number; allowed: number }
}
