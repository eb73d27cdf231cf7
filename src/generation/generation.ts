import { canonicalIp, compileIpSet } from '../admit/ip-address.ts'
import { prepareReceivers } from '../callbacks/open-callbacks.ts'
import type { Receiver } from '../callbacks/receiver.ts'
import type { Config } from '../config.ts'
import { everything } from '../contract/answer-store.ts'
import type { UpstreamGate } from '../forward/gate/upstream-gate.ts'
import { connectMagento } from '../forward/magento.ts'
import { dropFirst } from '../forward/response-cache/cached-writes.ts'
import { openResponseCache } from '../forward/response-cache/response-cache.ts'
import type { UpstreamServices } from '../forward/upstream-credentials.ts'
import type { JobSender } from '../jobs/job-world.ts'
import { steps } from '../pipeline.ts'
import type { SharedLimiter } from '../policy.ts'
import { prepareAuditRecord } from '../record/audit-record.ts'
import { compileBodyRedaction } from '../record/body-redaction.ts'
import { compileCredentialNames } from '../record/credential-names.ts'
import type { MagentoStatus } from '../record/metrics/gate-metrics.ts'
import type { UpstreamConnections } from '../record/metrics/upstream-metrics.ts'
import { prepareTokenHash } from '../record/token-hash.ts'
import type { AnswerSettings } from '../server/answer.ts'
import { integrationOf, type Traffic } from '../traffic.ts'
import { type Heritage, inheritHeritage } from './heritage.ts'
import { prepareIntegrations, prepareNobody } from './integration.ts'
import { prepareJobSenders } from './job-senders.ts'
import type { LastingParts } from './lasting-parts.ts'
import { gateRules, openMagentoGate, watchMagento } from './magento-gate.ts'
import { prepareRespond } from './respond.ts'
import { prepareServices } from './services.ts'
import { penaltySettingsOf, stepFacts } from './step-facts.ts'
import { countUsers } from './users.ts'

/** One configuration at work: what the requests pass that came in while it held. */
export interface Generation {
  readonly config: Config
  readonly traffic: Traffic
  readonly heritage: Heritage
  /** What holds requests back from Magento, which the next generation takes over. */
  readonly gate: UpstreamGate
  /** How requests to Magento stand, and what the gateway itself sees of it. */
  readonly magentoStatus: () => MagentoStatus
  /** What of it keeps the gateway from taking traffic. */
  readonly notReady: () => readonly string[]
  /** How jobs of an integration are sent; undefined where there is none of this name. */
  readonly jobSenderOf: (owner: string) => JobSender | undefined
  /** Who is called back at the end of jobs, by name of the integration. */
  readonly receivers: ReadonlyMap<string, Receiver>
  /**
   * Takes no request any more. When the last one is over, the connections to Magento are closed;
   * when nothing of it can be written any more, its secrets are forgotten. Resolves then.
   */
  readonly retire: () => Promise<void>
  /** How its connections to Magento stand. */
  readonly connections: () => UpstreamConnections
  /** Ends all connections to Magento, those in use too. */
  readonly cutOff: () => Promise<void>
}

/** What a generation is built on. */
export interface Foundation {
  readonly lasting: LastingParts
  readonly sharedLimiter: SharedLimiter
  readonly isDraining: () => boolean
}

/**
 * Prepares a configuration to take requests; what is under way does not notice.
 * @param previous the generation that it follows, whose state it takes over
 */
export function prepareGeneration(
  config: Config,
  { lasting, sharedLimiter, isDraining }: Foundation,
  previous?: Generation,
): Generation {
  const { listen, magento, audit, limits, cache } = config.gateway
  const { clock, redactions, log, metrics, recorder, penalties, store } = lasting
  const buildRecord = prepareAuditRecord({
    hashToken: prepareTokenHash(audit.tokenHashKey?.reveal() ?? lasting.tokenHashKey),
    showBody: compileBodyRedaction(compileCredentialNames(audit.redact.names), redactions.redact),
  })
  const isCaching = config.integrations.some(({ policies }) => policies.cache !== undefined)
  const hold = settleFirst((request, end) => recorder.hold(request, buildRecord, end))
  const answers: AnswerSettings = {
    problemsUrl: listen.problemsUrl,
    isDraining,
    hold: isCaching ? dropFirst(hold) : hold,
    readMs: magento.timeouts.totalMs,
    onUnwritten: ({ requestId }, err) =>
      log.error({ requestId, err }, 'answer could not be written'),
  }
  const heritage = inheritHeritage(config, previous?.heritage)
  const services = prepareServices(config, lasting, {
    sharedLimiter,
    buckets: heritage.buckets,
    contract: heritage.contract,
  })
  const known = previous?.config.gateway.magento.url === magento.url ? previous.gate : undefined
  const gate = known ?? openMagentoGate(gateRules(config), lasting)
  const upstream = connectMagento(magento, answers, gate)
  // What was kept by other rules, or while no write dropped anything, is not given by these.
  if (isCaching && previous !== undefined) void store.answers.drop([everything], 0)
  const responseCache = isCaching
    ? openResponseCache({
        store: store.answers,
        answers,
        shop: magento.url,
        maxAnswerBytes: cache.answerKiB * 1024,
        totalMs: magento.timeouts.totalMs,
        countWaiting: metrics.cache.waiting,
        clock: Date.now,
      })
    : undefined
  const upstreamServices: UpstreamServices = {
    ...upstream,
    dialects: heritage.dialectsOf(magento),
    tokenMemoryOf: (account) => heritage.tokenMemoryOf(magento, account, clock),
    monotonicClock: clock,
  }
  const facts = stepFacts(config)
  const integrations = prepareIntegrations(config.integrations, services, upstreamServices)
  const nobody = prepareNobody(services)
  const isProxy = compileIpSet(listen.trustedProxies)
  const penaltySettings = penaltySettingsOf(limits.perAddress.refusals)
  const users = countUsers()
  lasting.allowRequestsOf(listen.requestTimeoutMs + magento.timeouts.totalMs)
  gate.configure(gateRules(config))
  const probe = magento.probe && watchMagento(magento.probe, upstream.sendGet, gate, log)
  const forgetSecrets = redactions.add(config.secrets, audit.redact)

  return {
    config,
    heritage,
    traffic: {
      steps: steps.map(({ name, prepare }) => ({ name, check: prepare(facts, services) })),
      integrations,
      nobody,
      answers,
      enter: users.enter,
      leave: users.leave,
      respond: prepareRespond({
        integrationOf: (request) => integrationOf({ integrations, nobody }, request),
        upstream,
        answers,
        cache: responseCache,
        shop: magento,
        jobs: lasting.jobs,
        log,
      }),
      record: (request) => {
        penalties.note(request, penaltySettings)
        recorder.record(request, buildRecord)
      },
      noteUnread: (request) => {
        const ip = canonicalIp(request.remoteIp ?? '')
        // Of what a proxy could not make sense of either, nobody knows who sent it.
        if (ip === undefined || isProxy(ip)) return
        request.clientIp = ip
        penalties.note(request, penaltySettings)
      },
      log,
    },
    gate,
    magentoStatus: () => ({ ...gate.status(), ...(probe && { probe: probe.result() }) }),
    notReady: () => {
      const isOpen = magento.circuitBreaker.failsReadiness && gate.status().circuit === 'open'
      return isOpen ? ['Magento fails'] : []
    },
    jobSenderOf: prepareJobSenders({
      integrations,
      upstream:
        responseCache === undefined ? upstream : { send: responseCache.dropAfter(upstream.send) },
      shop: magento,
      endpoints: services.endpoints,
      enter: users.enter,
      leave: users.leave,
    }),
    receivers: prepareReceivers(config.integrations),
    retire: async () => {
      probe?.stop()
      await users.gone()
      await upstream.close()
      await recorder.written()
      forgetSecrets()
    },
    cutOff: () => {
      probe?.stop()
      return upstream.close()
    },
    connections: upstream.connections,
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
