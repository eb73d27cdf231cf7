import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import httpProxy from '@fastify/http-proxy'
import rateLimitPlugin from '@fastify/rate-limit'
import type { FastifyListenOptions } from 'fastify'
import { allowedMethods } from './admit/request-framing.ts'
import type { Config } from './config.ts'
import { prepareGeneration } from './generation/generation.ts'
import { startGenerations } from './generation/generations.ts'
import { prepareReload, type Reload } from './generation/reload.ts'
import { openCallbacksPart } from './lasting/callbacks-part.ts'
import { openLastingParts } from './lasting/lasting-parts.ts'
import { openRedactions } from './record/redaction/redactions.ts'
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
   * Stops without dropping a request. Readiness fails at once and every answer closes its connection.
   * After `shutdown.noticeMs` the listener and idle connections close and requests in flight finish;
   * what still runs after `shutdown.deadlineMs` is cut off.
   */
  readonly stop: () => Promise<void>
  /** Reloads the configuration while requests are being served. */
  readonly reload: Reload
}

/** How long requests that were cut off may take to end and be recorded, milliseconds. */
const recordingMs = 1_000

/**
 * Puts the gateway together: the only place where the parts meet and plugins are registered.
 * @param config the configuration to start with
 * @param load reads the configuration for a reload; by default a reload changes nothing
 */
export async function buildGateway(config: Config, load?: () => Promise<Config>): Promise<Gateway> {
  const redactions = openRedactions()
  const forgetSecrets = await redactions.add(config.secrets, config.gateway.audit.redact)
  const lasting = await openLastingParts(config, redactions)
  const { log, metrics, jobs } = lasting
  let isDraining = false

  // A generation needs the limiter of the server, so the server is made first. It asks `generations`,
  // defined below, only once a connection arrives, and none does before `start`.
  const openReplies: OpenReplies = new WeakMap()
  const { app, renewCertificate, asksForCertificate } = await openPublicServer(config, {
    current: () => generations.current().config,
    log,
    metrics: metrics.listener,
    onClientError: (error, socket) => {
      const { traffic } = generations.current()
      answerClientError(error, socket, { traffic, openReplies })
    },
  })
  const drain = watchConnections(app.server, openReplies)
  await app.register(rateLimitPlugin, { global: false, store: rateLimitStoreOf(lasting.store) })
  const sharedParts = { lasting, sharedLimiter: limiterOf(app), isDraining: () => isDraining }
  const generations = startGenerations({ config, forgetSecrets }, (next, previous) =>
    prepareGeneration(next, sharedParts, previous),
  )
  const callbacks =
    jobs &&
    openCallbacksPart(jobs.backend.callbacks, lasting, () => generations.current().receivers)
  metrics.watchUpstream(generations.connections)
  metrics.secrets.expect(config.integrations)
  addPipelineHooks(app, () => generations.current().traffic, openReplies)

  await app.register(httpProxy, {
    // Required by the plugin and used for its own check of the path. It sends nothing itself: each
    // generation has its own connection to Magento.
    upstream: config.gateway.magento.url,
    httpMethods: [...allowedMethods],
    // The server reads the body, as bytes; the plugin must not.
    proxyPayloads: false,
    handler: ({ context, traffic }, reply) => {
      reply.hijack()
      traffic.enter()
      traffic.respond(context, reply.raw, traffic.leave)
    },
  })

  const reloadConfig = prepareReload({
    // Not `config`, which would then be kept with all its secrets for as long as the gateway.
    load: load ?? (async () => generations.current().config),
    generations,
    redactions,
    isDraining: () => isDraining,
    asksForCertificate,
    metrics,
    log,
  })
  const reload = async () => {
    const outcome = await reloadConfig()
    // If the files could not be read in time, this would wait for the same ones, and without end.
    if (outcome.status !== 'failed') await renewCertificate?.()
    return outcome
  }
  metrics.gate.watch(() => generations.current().magentoStatus())
  const notReady = () => [
    ...(isDraining ? ['draining'] : app.server.listening ? [] : ['starting']),
    ...(lasting.isAuditDemandUnmet() ? ['the audit trail cannot be written'] : []),
    ...(jobs?.backend.isLost?.() ? ['the file of jobs is lost until a restart'] : []),
    ...generations.current().notReady(),
  ]
  metrics.watchReadiness(() => notReady().length === 0)
  const adminServer = createAdminServer({
    notReady,
    details: () => ({ magento: generations.current().magentoStatus() }),
    metrics: {
      contentType: metrics.contentType,
      text: () => {
        lasting.recorder.count()
        return metrics.text()
      },
    },
    reload,
    token: () => generations.current().config.gateway.admin?.token,
  })

  let stopped: Promise<void> | undefined
  async function stop(): Promise<void> {
    isDraining = true
    const { noticeMs, deadlineMs } = generations.current().config.gateway.shutdown
    const deadline = delay(deadlineMs, undefined, { ref: false })
    await delay(noticeMs)
    const jobsStopped = Promise.all([
      jobs?.stop(deadlineMs - noticeMs),
      callbacks?.stop(deadlineMs - noticeMs),
    ])
    await drain(deadline, () => app.close())
    await jobsStopped
    // A request whose caller has gone may still be running for the Idempotency-Key it was sent with.
    const retired = generations.retireAll()
    await Promise.race([retired, deadline])
    await generations.cutOff()
    // What was cut off has yet to be recorded.
    await Promise.race([retired, delay(recordingMs, undefined, { ref: false })])
    await lasting.close()
    adminServer.close()
    adminServer.closeAllConnections()
  }

  return {
    reload,
    start: async () => {
      const { listen, admin } = generations.current().config.gateway
      const { port, reusePort } = listen
      // Fastify opens further servers if it is given `localhost` and that has several addresses. Nothing bounds or drains
      // those.
      const { address: host } = await lookup(listen.host)
      if (admin !== undefined) await once(adminServer.listen(admin.port, admin.host), 'listening')
      // Last, so that a start that fails has taken no request and begun no job that it would have to cut off: another
      // process may serve the same port.
      // Fastify's types lack `reusePort`, but it passes every option on to the server.
      const url = await app.listen({ host, port, reusePort } as FastifyListenOptions)
      if (jobs !== undefined && callbacks !== undefined) {
        jobs.start({
          senderOf: (owner) => generations.current().jobSenderOf(owner),
          onEnd: callbacks.onJobEnd,
        })
        callbacks.start()
      }
      if (admin === undefined) return { url }
      return { url, adminUrl: urlOf(adminServer.address() as AddressInfo) }
    },
    // Asked twice, it stops only once.
    stop: () => {
      stopped ??= stop()
      return stopped
    },
  }
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
