import { freePort } from '../support/free-port.ts'
import { startRedis, withClient } from '../support/redis.ts'
import { runSentinel, untilClusterIsWhole } from '../support/redis-topologies.ts'
import { pemFile } from '../support/tls/pem.ts'

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
  await withClient(redis.url, (client) => client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383'))
  await untilClusterIsWhole(redis.url)
  return { port, [Symbol.asyncDispose]: redis[Symbol.asyncDispose] }
}

/** Starts a Redis and a sentinel that take TLS. The sentinel knows the Redis as `shop`, and wants a password. */
export async function startTlsSentinel(password: string): Promise<TlsRedis> {
  const redis = await startTlsRedis()
  const port = await freePort()
  const sentinel = await runSentinel([
    ...tlsOptions(port).map((option) => option.join(' ')),
    ...['port 0', 'tls-replication yes', `requirepass ${password}`],
    ...['sentinel resolve-hostnames yes', 'sentinel announce-hostnames yes'],
    `sentinel monitor shop localhost ${redis.port} 1`,
  ])
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      await sentinel[Symbol.asyncDispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}
