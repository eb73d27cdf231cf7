import type { Socket } from 'node:net'
import type { Server as TlsServer } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { certificateUsers } from '../config/restart-settings.ts'
import type { Config } from '../config.ts'
import { compileIpSet } from '../contract/ip-address.ts'
import { onceFor } from '../contract/once-for.ts'
import type { ListenerMetrics } from '../record/metrics/listener-metrics.ts'
import { openBodyMemory } from './body-memory.ts'
import { type Renewal, renewCertificate } from './certificate-renewal.ts'
import type { ConnectionLimits } from './connections.ts'
import { createServer } from './server.ts'
import { endsOf, readTlsMaterial, secureContextOptions } from './tls.ts'

const bytesPerMiB = 1_048_576

/** The public listener. */
export interface PublicServer {
  readonly app: FastifyInstance
  /** Looks for a new certificate at once; undefined where the gateway itself does not speak TLS. */
  readonly renewCertificate: (() => Promise<Renewal>) | undefined
  /** Whether callers are asked for a certificate, in every handshake or in none. */
  readonly asksForCertificate: boolean
}

/** The other parts that the public listener works with. */
export interface ServerParts {
  /** The configuration in force. */
  readonly current: () => Config
  readonly log: Logger
  readonly metrics: ListenerMetrics
  /** Answers what the HTTP parser refused or what did not arrive in time. */
  readonly onClientError: (error: Error, socket: Socket) => void
}

/**
 * Makes the public listener from the configuration that the process starts with.
 * @throws when the certificate cannot be used
 */
export async function openPublicServer(
  config: Config,
  { current, log, metrics, onClientError }: ServerParts,
): Promise<PublicServer> {
  const { listen, limits } = config.gateway
  const { tls } = listen
  const inUse = tls && (await readTlsMaterial(tls))
  const bodyMemory = openBodyMemory(() => current().gateway.limits.bodyMemoryMiB * bytesPerMiB)
  metrics.watchBodies(bodyMemory.used)
  const asksForCertificate = certificateUsers(config).length > 0
  const app = createServer(
    {
      ...(tls && inUse && { tls: { context: secureContextOptions(inUse), http2: tls.http2 } }),
      asksForCertificate,
      bodies: { limitBytes: limits.bodyBytes, memory: bodyMemory },
      requestTimeoutMs: listen.requestTimeoutMs,
      idleMs: listen.idleMs,
      readMs: () => current().gateway.magento.timeouts.totalMs,
      connections: {
        limits: () => connectionLimits(current().gateway),
        onRefused: metrics.refused,
      },
    },
    onClientError,
  )
  if (tls === undefined || inUse === undefined)
    return { app, renewCertificate: undefined, asksForCertificate }

  metrics.certificateEnds(endsOf(inUse))
  const renewal = renewCertificate(
    app.server as unknown as TlsServer,
    { files: tls, inUse, everyMs: tls.checkFilesMs, clock: Date.now },
    (found) => {
      if (found.state === 'renewed') {
        metrics.certificateEnds(found.ends)
        log.info({ validTo: new Date(found.ends.listenerMs) }, 'the certificate was renewed')
      } else if (found.state === 'kept') {
        metrics.certificateFailed()
        log.error({ reason: found.reason }, 'the new certificate cannot be used; the old one stays')
      }
    },
  )
  app.addHook('onClose', async () => renewal.stop())
  return { app, renewCertificate: renewal.look, asksForCertificate }
}

/** The connection limits of a configuration, compiled once. */
const connectionLimits = onceFor(
  ({ listen, limits }: Config['gateway']): ConnectionLimits => ({
    total: listen.maxConnections,
    perAddress: limits.perAddress.connections,
    isProxy: compileIpSet(listen.trustedProxies),
  }),
)
