import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import httpProxy from '@fastify/http-proxy'
import rateLimitPlugin from '@fastify/rate-limit'
import type { Logger } from 'pino'
import { createAdminServer } from './admin.ts'
import { tokenDigest } from './admit/claimed-integration.ts'
import { allowedMethods } from './admit/request-framing.ts'
import { type AnswerSettings, answerProblem, answerReady } from './answer.ts'
import { compileSignerSearch } from './authenticate/claimed-signer.ts'
import { prepareDecoy } from './authenticate/decoy.ts'
import { compileContract } from './authorize/magento-contract/contract.ts'
import { compileCertificatePin } from './certificate-pin.ts'
import { answerClientError, type OpenReplies } from './client-error.ts'
import { publicOrigin } from './config/public-origin.ts'
import type { Config } from './config.ts'
import { answerEndpoint } from './endpoints/answer-endpoint.ts'
import { endpoints } from './endpoints/endpoints.ts'
import { connectMagento } from './forward/magento.ts'
import { dialectMemoryFor } from './forward/oauth1/dialect-memory.ts'
import { prepareIntegration, prepareNobody } from './integration.ts'
import { type StepFacts, steps } from './pipeline.ts'
import type { Services } from './policy.ts'
import type { Rejection } from './problem.ts'
import { ratePerSecond } from './rate.ts'
import { openAuditLog } from './record/audit-log.ts'
import { prepareAuditRecord } from './record/audit-record.ts'
import { compileBodyRedaction } from './record/body-redaction.ts'
import { compileCredentialNames } from './record/credential-names.ts'
import { openLog } from './record/log.ts'
import { openMetrics } from './record/metrics.ts'
import { openRecorder } from './record/recorder.ts'
import { compileRedaction } from './record/redaction.ts'
import { prepareTokenHash } from './record/token-hash.ts'
import { openApiRoute, type WholeAnswer } from './request-context.ts'
import { createServer } from './server.ts'
import { addressPenalties } from './store/address-penalties.ts'
import { memoryBuckets } from './store/memory-buckets.ts'
import { limiterOf, rateLimitStoreOf } from './store/rate-limit-store.ts'
import { redisLocation } from './store/redis-location.ts'
import { openStore } from './store/store.ts'
import { addPipelineHooks, failure, integrationOf, type Traffic } from './traffic.ts'

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
  const { listen, admin, magento, store: storeSettings, audit, limits, shutdown } = config.gateway
  const clock = () => performance.now()
  const redact = compileRedaction(config.secrets, audit.redact)
  const log = openLog(redact)
  const metrics = openMetrics()
  let isDraining = false

  const auditLog = await openAuditLog(audit, redact, (error) => {
    metrics.auditFailed()
    log.error({ err: error }, 'the audit trail could not be written')
  })
  if (auditLog.cutAtOpen !== undefined) {
    log.warn(auditLog.cutAtOpen, 'the audit trail was cut; it goes on behind the cut')
  }
  const isRecordDemanded = audit.onFailure === 'refuse'
  const isCredential = compileCredentialNames(audit.redact.names)
  const buildRecord = prepareAuditRecord({
    hashToken: prepareTokenHash(audit.tokenHashKey?.reveal()),
    showBody: compileBodyRedaction(isCredential, redact),
  })
  const recorder = openRecorder(
    auditLog,
    metrics,
    buildRecord,
    { isRecordDemanded, deadlineMs: audit.deadlineMs },
    () => {
      metrics.auditFailed()
      log.error('the audit trail has stalled')
    },
  )
  metrics.gaugeAuditWaiting(recorder.waiting)
  const isAuditDemandUnmet = () =>
    isRecordDemanded && (auditLog.isFailing() || recorder.isStalled())

  const answers = {
    problemsUrl: listen.problemsUrl,
    isDraining: () => isDraining,
    hold: settleFirst(recorder.hold),
  }
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
    (error, socket) => answerClientError(error, socket, { answers, openReplies }),
  )

  const { totalMs } = magento.timeouts
  const store = await openStore(
    {
      redis: redisLocation(storeSettings),
      deadlineMs: storeSettings.deadlineMs,
      localShare: storeSettings.localShare,
      requestMs: listen.requestTimeoutMs + totalMs,
    },
    { monotonic: clock, wall: Date.now },
    log,
  )
  await app.register(rateLimitPlugin, { global: false, store: rateLimitStoreOf(store) })
  const { refusals } = limits.perAddress
  const penalties = addressPenalties(
    {
      refusals: { ratePerSecond: ratePerSecond(refusals.rate), burst: refusals.burst },
      firstMs: refusals.penaltyMs,
      longestMs: refusals.longestPenaltyMs,
    },
    clock,
  )
  const origin = publicOrigin(listen)
  const services: Services = {
    localLimiter: (limit, keys) => {
      const buckets = memoryBuckets(keys, clock)
      return (key) => buckets.take(key, limit)
    },
    sharedLimiter: limiterOf(app),
    countExceeded: metrics.limitExceeded,
    penaltyOf: penalties.penaltyOf,
    random: Math.random,
    useNonce: store.useNonce,
    idempotencyKeys: store.idempotencyKeys,
    clock: Date.now,
    publicOrigin: origin,
    // Those of the shop go before those that the gateway brings along.
    endpoints: [...config.endpoints, ...endpoints],
    contract:
      config.magentoSchema &&
      compileContract(config.magentoSchema, {
        maxStringLength: limits.textLength,
        maxItems: limits.arrayItems,
      }),
    reportViolations: reporter(metrics.contractViolated, 'request off the schema of Magento', log),
    reportDrift: reporter(metrics.answerDrifted, 'answer off the schema of Magento', log),
    spendDecoy: prepareDecoy(origin, Date.now),
    isAuditDemandUnmet,
  }

  const upstream = connectMagento(magento, answers)
  const upstreamServices = {
    ...upstream,
    dialects: dialectMemoryFor(magento.version),
    monotonicClock: clock,
  }
  const facts = stepFacts(config)
  const traffic: Traffic = {
    steps: steps.map(({ name, prepare }) => ({ name, check: prepare(facts, services) })),
    integrations: new Map(
      config.integrations.map((settings) => [
        settings.name,
        prepareIntegration(settings, services, upstreamServices),
      ]),
    ),
    nobody: prepareNobody(services),
    answers,
    openReplies,
    record: (request) => {
      penalties.note(request)
      recorder.record(request)
    },
    log,
  }
  addPipelineHooks(app, traffic)

  await app.register(httpProxy, {
    upstream: magento.url,
    httpMethods: [...allowedMethods],
    // The body is read by the server, as bytes, and not by the plugin.
    proxyPayloads: false,
    handler: ({ gate }, reply) => {
      reply.hijack()
      const integration = integrationOf(traffic, gate)
      const answer = (ready: WholeAnswer | Rejection | undefined) => {
        if (ready === undefined) return
        if ('code' in ready) answerProblem(reply.raw, gate, ready, answers)
        else answerReady(reply.raw, gate, ready, answers)
      }
      const { authorizeUpstream, sourceCode = magento.sourceCode } = integration
      if (gate.repeatedAnswer !== undefined) return answer(gate.repeatedAnswer)
      if (gate.route === openApiRoute) {
        return answer({
          status: 200,
          contentType: 'application/json',
          body: integration.openApi(),
        })
      }
      const answered =
        gate.endpoint === undefined
          ? upstream.forward(gate, authorizeUpstream, reply.raw)
          : answerEndpoint(
              gate,
              gate.endpoint,
              { sourceCode, arrayLimit: magento.arrayLimit },
              authorizeUpstream,
              upstream.send,
            )
      answered.then(answer, (error: unknown) => answer(failure(log, gate, error)))
    },
  })

  const adminServer = createAdminServer({
    notReady: () => [
      ...(isDraining ? ['draining'] : []),
      ...(isAuditDemandUnmet() ? ['the audit trail cannot be written'] : []),
    ],
    metrics,
  })

  let stopped: Promise<void> | undefined
  async function stop(): Promise<void> {
    isDraining = true
    await delay(shutdown.noticeMs)
    const deadline = setTimeout(() => app.server.closeAllConnections(), shutdown.deadlineMs)
    await app.close()
    clearTimeout(deadline)
    await upstream.close()
    store.close()
    await recorder.flush()
    if (!recorder.isStalled()) await auditLog.close()
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

/** Has the key of a request be settled before its answer leaves. */
function settleFirst(hold: AnswerSettings['hold']): AnswerSettings['hold'] {
  return (request, end) => {
    const { heldKey, outcome, keptAnswer } = request
    if (heldKey === undefined || outcome === undefined) return hold(request, end)
    const settled = heldKey.settle(outcome.status, keptAnswer, outcome.code)
    void settled.then(() => hold(request, end))
  }
}

/** Counts and logs what is not as a schema has it. */
function reporter(
  count: (integration: string, route: string) => void,
  message: string,
  log: Logger,
): Services['reportViolations'] {
  return ({ requestId, verified = '', route = '' }, violations) => {
    count(verified, route)
    log.warn({ requestId, integration: verified, route, violations }, message)
  }
}

function stepFacts({ gateway, integrations }: Config): StepFacts {
  const { listen, magento, limits } = gateway
  return {
    stores: new Set(magento.stores),
    trustedProxies: listen.trustedProxies,
    requireHttps: listen.requireHttps,
    perAddress: {
      ratePerSecond: ratePerSecond(limits.perAddress.rate),
      burst: limits.perAddress.burst,
    },
    names: new Set(integrations.map(({ name }) => name)),
    bySignature: compileSignerSearch(
      integrations.map(({ name, credentials: { signature } }) => ({ name, signature })),
    ),
    clientCertificateHeader: listen.clientCertificateHeader?.toLowerCase(),
    certificatePins: new Map(
      integrations.flatMap(({ name, credentials: { clientCertificate: pin } }) =>
        pin === undefined ? [] : [[name, compileCertificatePin(pin)]],
      ),
    ),
    byToken: new Map(
      integrations.flatMap(({ name, credentials: { token } }) =>
        token === undefined ? [] : [[tokenDigest(token.reveal()), name]],
      ),
    ),
  }
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
