import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import { killed, runRedis, startRedis, type TestRedis, withClient } from './redis.ts'

/** Three nodes of Redis Cluster without replicas. */
export interface TestCluster extends AsyncDisposable {
  readonly nodes: readonly TestRedis[]
  /** `host:port` of each. */
  readonly addresses: readonly string[]
}

/** Starts three servers and makes a cluster of them. */
export async function startCluster(): Promise<TestCluster> {
  const nodes: TestRedis[] = []
  for (let index = 0; index < 3; index += 1) {
    nodes.push(
      await startRedis(
        '--cluster-enabled',
        'yes',
        '--cluster-node-timeout',
        '2000',
        '--appendonly',
        'no',
      ),
    )
  }
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
  await promisify(execFile)('redis-cli', [
    ...['--cluster', 'create', ...addresses],
    ...['--cluster-replicas', '0', '--cluster-yes'],
  ])
  for (const { url } of nodes) await untilClusterIsWhole(url)
  return {
    nodes,
    addresses,
    [Symbol.asyncDispose]: async () => {
      for (const node of nodes) await node[Symbol.asyncDispose]()
    },
  }
}

/** Resolves when a node knows who has each slot. */
export async function untilClusterIsWhole(url: string): Promise<void> {
  await withClient(url, async (client) => {
    while (!String(await client.cluster('INFO')).includes('cluster_state:ok')) {
      await new Promise(setImmediate)
    }
  })
}

/** A primary with a replica, watched by a sentinel. */
export interface TestSentinel extends AsyncDisposable {
  readonly primary: TestRedis
  readonly replica: TestRedis
  /** `host:port` of the sentinel, which knows the primary as `shop`. */
  readonly address: string
}

/** Starts a primary, a replica that has caught up with it, and a sentinel that acts at once. */
export async function startSentinel(): Promise<TestSentinel> {
  const primary = await startRedis()
  const replica = await startRedis(
    ...['--replicaof', '127.0.0.1', String(primary.port)],
    ...['--repl-diskless-sync-delay', '0'],
  )
  await withClient(replica.url, async (client) => {
    while (!(await client.info('replication')).includes('master_link_status:up')) {
      await new Promise(setImmediate)
    }
  })
  const port = await freePort()
  const address = `127.0.0.1:${port}`
  const sentinel = await runSentinel([
    `port ${port}`,
    `sentinel monitor shop 127.0.0.1 ${primary.port} 1`,
    'sentinel down-after-milliseconds shop 300',
    'sentinel failover-timeout shop 1000',
  ])
  await withClient(`redis://${address}`, async (client) => {
    while (!String(await client.call('SENTINEL', 'replicas', 'shop')).includes('slave')) {
      await new Promise(setImmediate)
    }
  })
  return {
    primary,
    replica,
    address,
    [Symbol.asyncDispose]: async () => {
      await sentinel[Symbol.asyncDispose]()
      await replica[Symbol.asyncDispose]()
      await primary[Symbol.asyncDispose]()
    },
  }
}

/**
 * Runs a sentinel on loopback until it is ready.
 * @param lines of its configuration
 */
export async function runSentinel(lines: readonly string[]): Promise<AsyncDisposable> {
  // It writes into its file what it learns.
  const folder = await mkdtemp(join(tmpdir(), 'magegate-sentinel-'))
  const file = join(folder, 'sentinel.conf')
  await writeFile(file, ['bind 127.0.0.1', ...lines].join('\n'))
  const sentinel = await runRedis([file, '--sentinel'])
  return {
    [Symbol.asyncDispose]: async () => {
      await killed(sentinel)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
