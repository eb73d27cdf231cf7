import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { killed, runRedis, startRedis, withClient } from './redis.ts'
import { pemFile } from './tls/pem.ts'

/** A Redis whose certificate, `named.cert`, names it `localhost` and not its address. */
export interface TlsRedis extends AsyncDisposable {
  /** Port that takes TLS only. */
  readonly port: number
}

/** The options of a server, or lines of a sentinel, that takes TLS; it asks clients for a certificate. */
function tlsOptions(port: number): [name: string, value: string][] {
  return [
    ['tls-port', String(port)],
    ['tls-cert-file', pemFile('named.cert')],
    ['tls-key-file', pemFile('named.key')],
    ['tls-ca-cert-file', pemFile('named.cert')],
  ]
}

/** Starts a Redis that takes TLS. */
export async function startTlsRedis(...options: readonly string[]): Promise<TlsRedis> {
  const port = await freePort()
  const tls = tlsOptions(port).flatMap(([name, value]) => [`--${name}`, value])
  const redis = await startRedis(...tls, ...options)
  return { port, [Symbol.asyncDispose]: redis[Symbol.asyncDispose] }
}

/** Starts a cluster of one node, which gives its name as its address. */
export async function startTlsCluster(): Promise<TlsRedis> {
  const port = await freePort()
  const tls = tlsOptions(port).flatMap(([name, value]) => [`--${name}`, value])
  const redis = await startRedis(
    ...tls,
    ...['--tls-cluster', 'yes', '--cluster-enabled', 'yes', '--appendonly', 'no'],
    ...['--cluster-announce-hostname', 'localhost'],
    ...['--cluster-preferred-endpoint-type', 'hostname'],
  )
  await withClient(redis.url, async (client) => {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
    while (!String(await client.cluster('INFO')).includes('cluster_state:ok')) {
      await new Promise(setImmediate)
    }
  })
  return { port, [Symbol.asyncDispose]: redis[Symbol.asyncDispose] }
}

/** Starts a Redis and a sentinel that take TLS. The sentinel knows the Redis as `shop`, and wants a password. */
export async function startTlsSentinel(password: string): Promise<TlsRedis> {
  const redis = await startTlsRedis()
  const folder = await mkdtemp(join(tmpdir(), 'magegate-sentinel-'))
  const port = await freePort()
  const file = join(folder, 'sentinel.conf')
  const lines = [
    ...tlsOptions(port).map((option) => option.join(' ')),
    ...['port 0', 'bind 127.0.0.1', 'tls-replication yes', `requirepass ${password}`],
    ...['sentinel resolve-hostnames yes', 'sentinel announce-hostnames yes'],
    `sentinel monitor shop localhost ${redis.port} 1`,
  ]
  await writeFile(file, lines.join('\n'))
  const sentinel = await runRedis([file, '--sentinel'])
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      await killed(sentinel)
      await rm(folder, { recursive: true, force: true })
      await redis[Symbol.asyncDispose]()
    },
  }
}
