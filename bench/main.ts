import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Child, isPinned, pin, startChild } from './child.ts'
import { benchEnv, type Case, cases, writeBenchConfig } from './configuration.ts'
import { runRound } from './load.ts'
import { renderReport, type Sample, writeReport } from './report.ts'

/*
 * CPU time per request of the gateway with every policy on, against a bare @fastify/http-proxy on
 * the same Node in the same run: rounds in turn, medians, and the median of the ratios of each pair.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    requests: { type: 'string', default: '6000' },
    connections: { type: 'string', default: '16' },
  },
})
const [rounds, requests, connections] = [values.rounds, values.requests, values.connections].map(
  Number,
)
if (!(rounds && requests && connections))
  throw new Error('rounds, requests and connections are numbers')

const folder = mkdtempSync(join(tmpdir(), 'magegate-bench-'))
const children: Child[] = []
const start = async (...args: Parameters<typeof startChild>) => {
  const child = await startChild(...args)
  children.push(child)
  return child
}

async function measure(proxy: Child, each: Case): Promise<Sample> {
  const count = Math.ceil((requests as number) * each.share)
  const before = await proxy.usage()
  const round = await runRound(proxy.url, each, count, connections as number)
  const after = await proxy.usage()
  const cpuUsPerRequest = (after.cpuUs - before.cpuUs) / count
  return { ...round, cpuUsPerRequest, residentBytes: after.residentBytes }
}

try {
  pin(process.pid, 1)
  const upstream = await start('upstream.ts', [], 1)
  writeBenchConfig(folder, upstream.url)
  const bareProxy = await start('bare-proxy.ts', [upstream.url], 0)
  const gateway = await start('gateway-under-test.ts', [folder], 0, benchEnv)
  const results = []
  for (const each of cases) {
    const samples = { bare: [] as Sample[], gateway: [] as Sample[] }
    // The first two rounds of each warm it up.
    for (let round = -2; round < (rounds as number); round += 1) {
      const pair = [await measure(bareProxy, each), await measure(gateway, each)] as const
      if (round < 0) continue
      samples.bare.push(pair[0])
      samples.gateway.push(pair[1])
    }
    results.push({ name: each.name, ...samples })
  }
  const pinning = isPinned ? 'proxy on one core, load and upstream on another' : 'not pinned'
  const machine =
    `Node ${process.versions.node}, ${cpus().length} cores, ${pinning}; ` +
    `${rounds} rounds of ${requests} requests (64 KiB: a tenth) over ${connections} connections; medians.`
  const report = renderReport(results, machine)
  writeReport(report)
  process.stdout.write(`${report}\n`)
} finally {
  for (const child of children) child.stop()
  rmSync(folder, { recursive: true, force: true })
}
