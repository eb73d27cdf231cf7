import { startRedis } from '../test/support/redis.ts'
import { floodAddresses, measureFlood } from './address-flood.ts'
import { measureDecisions } from './limit-decisions.ts'
import { measurePressure } from './limit-pressure.ts'
import { measureFaults } from './store-faults.ts'
import { mebibytes, table } from './table.ts'

/** Measures what limits cost, and whether they hold. */
export async function reportLimits(): Promise<string> {
  const grownBytes = await measureFlood()
  await using redis = await startRedis()
  const costs = await measureDecisions(redis)
  const pressures = [await measurePressure(redis, 0), await measurePressure(redis, 20)]
  const faults = await measureFaults()
  const decisions = costs.map(({ name, cpuUs, commands }) => [
    name,
    cpuUs.toFixed(2),
    commands?.toFixed(2) ?? '-',
  ])
  const pressed = pressures.map(({ leaseTokens, asked, allowed, granted }) => [
    leaseTokens === 0 ? 'a round trip each' : `leases of ${leaseTokens}`,
    String(asked),
    String(allowed),
    granted.toFixed(0),
    (allowed / granted).toFixed(3),
  ])
  const faulty = faults.map(({ fault, requests, worstMs, recoveryMs }) => [
    fault,
    String(requests),
    worstMs.toFixed(1),
    recoveryMs === undefined ? '-' : recoveryMs.toFixed(0),
  ])
  return [
    table([['decision', 'CPU µs', 'Redis commands'], ...decisions]),
    'Two processes on one Redis, ten times the limit for ten seconds:',
    table([['how', 'asked', 'let through', 'rate × time + burst', 'share'], ...pressed]),
    'Ten requests every 2 ms while Redis has a fault; the deadline is 50 ms:',
    table([['fault', 'requests', 'worst wait, ms', 'back after repair, ms'], ...faulty]),
    `${floodAddresses} addresses within a minute, each refused, at a running gateway: the memory in use grew by ${mebibytes(grownBytes)} MiB.`,
  ].join('\n\n')
}
