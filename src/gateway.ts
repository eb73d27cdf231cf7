import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import httpProxy from '@fastify/http-proxy'
import rateLimitPlugin from '@fastify/rate-limit'
import { createAdminServer } from './admin.ts'
import { allowedMethods } from './admit/request-framing.ts'
import { answerClientError, type OpenReplies } from './client-error.ts'
import type { Config } from './config.ts'
import { prepareGeneration } from './generation.ts'
import { openLastingParts } from './lasting-parts.ts'
import { openRedactions } from './record/redactions.ts'
import { createServer } from './server.ts'
import { limiterOf, rateLimitStoreOf } from './store/rate-limit-store.ts'
import { addPipelineHooks } from './traffic.ts'

/** A gateway that is built and not yet listening. */
export interface Gateway {
  /** Listens; resolves with the URLs of both listeners. */
  readonly start: () => Promise<{ readonly url: string; readonly adminUrl?: string }>
  /**
   * Stops without dropping a request: readiness fails and every answer ends its connection, then
   * after the notice the listener closes, requests in flight finish, and what is still running at
   * the deadline is cut off.
   */
  readonly stop: () => Promise<void>
}

/** Puts the gateway together; the only place where parts meet and plugins are registered. */
export async function buildGateway(config: Config): Promise<Gateway> {
  const { listen, admin, magento, limits, shutdown } = config.gateway
  const redactions = openRedactions()
  const forgetStart = redactions.add(config.secrets, config.gateway.audit.redact)
  const lasting = await openLastingParts(config, redactions)
  let isDraining = false

  const openReplies: OpenReplies = new WeakMap()
  const app = createServer(
    {
      ...(listen.tls && { tls: listen.tls }),
      asksForCertificate: config.integrations.some(
        ({ credentials }) => credentials.clientCertificate !== undefined,
      ),
      bodyLimitBytes: limits.bodyBytes,
      requestTimeoutMs: listen.requestTimeoutMs,
    },
    (error, socket) => {
      const { answers } = current.traffic
      answerClientError(error, socket, { answers, openReplies })
    },
  )
  await app.register(rateLimitPlugin, { global: false, store: rateLimitStoreOf(lasting.store) })
  const current = prepareGeneration(config, {
    lasting,
    sharedLimiter: limiterOf(app),
    isDraining: () => isDraining,
  })
  forgetStart()
  addPipelineHooks(app, () => current.traffic, openReplies)

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

  const adminServer = createAdminServer({
    notReady: () => [
      ...(isDraining ? ['draining'] : []),
      ...(lasting.isAuditDemandUnmet() ? ['the audit trail cannot be written'] : []),
    ],
    metrics: lasting.metrics,
  })

  let stopped: Promise<void> | undefined
  async function stop(): Promise<void> {
    isDraining = true
    await delay(shutdown.noticeMs)
    const deadline = setTimeout(() => app.server.closeAllConnections(), shutdown.deadlineMs)
    await app.close()
    clearTimeout(deadline)
    await current.cutOff()
    await lasting.close()
    adminServer.close()
    adminServer.closeAllConnections()
  }

  return {
    start: async () => {
      const url = await app.listen({ host: listen.host, port: listen.port })
      if (admin === undefined) return { url }
      await new Promise<void>((resolve, reject) => {
        adminServer.once('error', reject).listen(admin.port, admin.host, resolve)
      })
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
