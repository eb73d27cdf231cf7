import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import httpProxy from '@fastify/http-proxy'
import rateLimitPlugin from '@fastify/rate-limit'
import type { FastifyListenOptions } from 'fastify'
import { allowedMethods } from './admit/request-framing.ts'
import type { Config } from './config.ts'
import { openCallbacksPart } from './generation/callbacks-part.ts'
import { prepareGeneration } from './generation/generation.ts'
import { openLastingParts } from './generation/lasting-parts.ts'
import { prepareReload, type Reload } from './generation/reload.ts'
import { startSuccession } from './generation/succession.ts'
import { openRedactions } from './record/redactions.ts'
import { createAdminServer } from './server/admin.ts'
import { answerClientError, type OpenReplies } from './server/client-error.ts'
import { watchConnections } from './server/drain.ts'
import { openPublicServer } from './server/public-server.ts'
import { limiterOf, rateLimitStoreOf } from './store/rate-limit-store.ts'
import { addPipelineHooks } from './traffic.ts'

/** A gateway that is built and not yet listening. */
export interface Gateway {
  /** Listens; resolves with the URLs of both listeners. */
  readonly start: () => Promise<{ readonly url: string; readonly adminUrl?: string }>
  /**
   * Stops without dropping a request: readiness fails and every answer ends its connection, then
   * after the notice the listener and idle connections close, requests in flight finish, and what is
   * still running at the deadline is cut off.
   */
  readonly stop: () => Promise<void>
  /** Takes the configuration anew, while requests are served. */
  readonly reload: Reload
}

/**
 * Puts the gateway together; the only place where parts meet and plugins are registered.
 * @param config what it starts with
 * @param load reads the configuration anew at a reload; without it, it stays as it is
 */
export async function buildGateway(
  config: Config,
  load: () => Promise<Config> = () => Promise.resolve(config),
): Promise<Gateway> {
  const { listen, admin, magento } = config.gateway
  const redactions = openRedactions()
  const forgetStart = redactions.add(config.secrets, config.gateway.audit.redact)
  const lasting = await openLastingParts(config, redactions)
  let isDraining = false

  const openReplies: OpenReplies = new WeakMap()
  const { app, renewCertificate } = await openPublicServer(config, {
    current: () => succession.current().config,
    log: lasting.log,
    metrics: lasting.metrics.connections,
    onClientError: (error, socket) => {
      const { traffic } = succession.current()
      answerClientError(error, socket, { traffic, openReplies })
    },
  })
  const connections = watchConnections(app.server)
  await app.register(rateLimitPlugin, { global: false, store: rateLimitStoreOf(lasting.store) })
  const foundation = { lasting, sharedLimiter: limiterOf(app), isDraining: () => isDraining }
  const succession = startSuccession(config, (next, previous) =>
    prepareGeneration(next, foundation, previous),
  )
  const callbacks =
    lasting.jobs &&
    openCallbacksPart(lasting.jobs.backend.callbacks, lasting, () => succession.current().receivers)
  forgetStart()
  lasting.metrics.watchUpstream(() => succession.current().connections())
  lasting.metrics.secrets.expect(config.integrations)
  addPipelineHooks(app, () => succession.current().traffic, openReplies)

  await app.register(httpProxy, {
    // The plugin holds the path against it, and sends nothing: where Magento is, a generation knows.
    upstream: magento.url,
    httpMethods: [...allowedMethods],
    // The body is read by the server, as bytes, and not by the plugin.
    proxyPayloads: false,
    handler: ({ gate, traffic }, reply) => {
      reply.hijack()
      traffic.enter()
      traffic.respond(gate, reply.raw, traffic.leave)
    },
  })

  const { metrics, log } = lasting
  const takeAnew = prepareReload({ load, succession, isDraining: () => isDraining, metrics, log })
  const reload = async () => {
    const outcome = await takeAnew()
    await renewCertificate?.()
    return outcome
  }
  metrics.gate.watch(() => succession.current().magentoStatus())
  const adminServer = createAdminServer({
    notReady: () => [
      ...(isDraining ? ['draining'] : []),
      ...(lasting.isAuditDemandUnmet() ? ['the audit trail cannot be written'] : []),
      ...(lasting.jobs?.backend.isLost?.() ? ['the file of jobs is lost until a restart'] : []),
      ...succession.current().notReady(),
    ],
    details: () => ({ magento: succession.current().magentoStatus() }),
    metrics: {
      contentType: metrics.contentType,
      text: () => {
        lasting.recorder.count()
        return metrics.text()
      },
    },
    reload,
    token: () => succession.current().config.gateway.admin?.token,
  })

  let stopped: Promise<void> | undefined
  async function stop(): Promise<void> {
    isDraining = true
    const { noticeMs, deadlineMs } = succession.current().config.gateway.shutdown
    const deadline = delay(deadlineMs, undefined, { ref: false })
    await Promise.race([delay(noticeMs), deadline])
    const jobsStopped = Promise.all([
      lasting.jobs?.stop(deadlineMs - noticeMs),
      callbacks?.stop(deadlineMs - noticeMs),
    ])
    await connections.close(deadline, () => app.close())
    await jobsStopped
    // What callers left may still be under way, under a key that they will send again.
    await Promise.race([succession.retireAll(), deadline])
    await succession.cutOff()
    await lasting.close()
    adminServer.close()
    adminServer.closeAllConnections()
  }

  return {
    reload,
    start: async () => {
      const { host, port, reusePort } = listen
      // Fastify passes on to the server what it does not know itself.
      const url = await app.listen({ host, port, reusePort } as FastifyListenOptions)
      if (admin !== undefined) {
        await new Promise<void>((resolve, reject) => {
          adminServer.once('error', reject).listen(admin.port, admin.host, resolve)
        })
      }
      // Last: a start that fails would cut off what it had begun.
      lasting.jobs?.start({
        senderOf: (owner) => succession.current().jobSenderOf(owner),
        onEnd: callbacks?.onJobEnd ?? (async () => undefined),
      })
      callbacks?.start()
      if (admin === undefined) return { url }
      return { url, adminUrl: urlOf(adminServer.address() as AddressInfo) }
    },
    // Asked twice, it stops once.
    stop: () => {
      stopped ??= stop()
      return stopped
    },
  }
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
