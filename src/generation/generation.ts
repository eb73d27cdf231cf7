import { prepareReceivers, type Receiver } from '../callbacks/receiver.ts'
import type { Config } from '../config.ts'
import { type AnswerStore, everything } from '../contract/answer-store.ts'
import { errorCode, errorPlace } from '../contract/error-code.ts'
import { canonicalRemoteIp, compileIpSet } from '../contract/ip-address.ts'
import { connectMagento } from '../forward/magento.ts'
import { dropCachedFirst } from '../forward/response-cache/cached-writes.ts'
import { openResponseCache } from '../forward/response-cache/response-cache.ts'
import type { UpstreamServices } from '../forward/upstream-credentials.ts'
import type { JobSender } from '../jobs/job-environment.ts'
import type { LastingParts } from '../lasting/lasting-parts.ts'
import { steps } from '../pipeline.ts'
import type { SharedLimiter } from '../policy.ts'
import { prepareAuditRecord } from '../record/audit-record.ts'
import type { MagentoStatus } from '../record/metrics/gate-metrics.ts'
import type { UpstreamConnections } from '../record/metrics/upstream-metrics.ts'
import { compileBodyRedaction } from '../record/redaction/body-redaction.ts'
import { compileCredentialNames } from '../record/redaction/credential-names.ts'
import { prepareTokenHash } from '../record/token-hash.ts'
import type { AnswerSettings } from '../server/answer.ts'
import type { Traffic } from '../traffic.ts'
import { type InheritedState, inheritState } from './inherited-state.ts'
import { claimantFinder, prepareIntegrations, prepareNobody } from './integration.ts'
import { prepareJobSenders } from './job-senders.ts'
import { gateRules, watchMagento } from './magento-gate.ts'
import { prepareRespond } from './respond.ts'
import { prepareServices } from './services.ts'
import { penaltySettingsOf, stepFacts } from './step-facts.ts'
import { countUsers, type Users } from './users.ts'

/** One configuration at work. It serves the requests that arrived while it was in force. */
export interface Generation {
  readonly config: Config
  readonly traffic: Traffic
  readonly inherited: InheritedState
  /** The state of the gate to Magento, and what the health probe last saw. */
  readonly magentoStatus: () => MagentoStatus
  /** Why the gateway should get no traffic at present; empty when it should. */
  readonly notReady: () => readonly string[]
  /** Sends the jobs of an integration; undefined where there is no integration of this name. */
  readonly jobSenderOf: (owner: string) => JobSender | undefined
  /** Who is called back when a job has ended, by name of the integration. */
  readonly receivers: ReadonlyMap<string, Receiver>
  /**
   * To be called when no more requests can come. When the last request is over, closes the connections to
   * Magento; when everything that may hold its secrets has been written, forgets them, and resolves.
   */
  readonly retire: () => Promise<void>
  /** How many connections to Magento it has open and in use. */
  readonly connections: () => UpstreamConnections
  /** Closes all connections to Magento, including those in use. To be called after {@link retire}. */
  readonly cutOff: () => Promise<void>
}

/** A configuration that is to take effect, whose secrets are searched for already. */
export interface NextConfig {
  readonly config: Config
  /** Ends the search for its secrets. */
  readonly forgetSecrets: () => void
}

/** What all generations have in common. */
export interface SharedParts {
  readonly lasting: LastingParts
  readonly sharedLimiter: SharedLimiter
  readonly isDraining: () => boolean
}

/**
 * Prepares a configuration to take requests, without effect on the requests of the previous generation.
 * @param previous the generation before, whose state it takes over
 */
export function prepareGeneration(
  { config, forgetSecrets }: NextConfig,
  { lasting, sharedLimiter, isDraining }: SharedParts,
  previous?: Generation,
): Generation {
  const { listen, magento, audit, limits, cache } = config.gateway
  const { clock, redactions, log, metrics, recorder, penalties, store } = lasting
  const buildRecord = prepareAuditRecord({
    hashToken: prepareTokenHash(audit.tokenHashKey?.reveal() ?? lasting.tokenHashKey),
    showBody: compileBodyRedaction(compileCredentialNames(audit.redact.names), redactions.redact),
    onUnbuilt: ({ requestId }, error) => {
      const cause = { errorCode: errorCode(error), at: errorPlace(error) }
      log.error({ requestId, ...cause }, 'the record of a request could not be built')
    },
  })
  const isCaching = keepsAnswers(config)
  let isReplaced = false
  const penaltySettings = penaltySettingsOf(limits.perAddress.refusals)
  const users = countUsers()
  const beforeEnd = settleKeyFirst(users, (request, end) => {
    // Not at the end of the request, which a caller can put off by not reading.
    penalties.note(request, penaltySettings)
    recorder.whenRecorded(request, buildRecord, end)
  })
  const answers: AnswerSettings = {
    problemsUrl: listen.problemsUrl,
    isDraining,
    beforeEnd: isCaching ? dropCachedFirst(beforeEnd) : beforeEnd,
    readMs: magento.timeouts.totalMs,
    onUnwritten: ({ requestId }, err) =>
      log.error({ requestId, err }, 'answer could not be written'),
  }
  const inherited = inheritState(config, lasting, previous)
  const { gate } = inherited
  const services = prepareServices(config, lasting, {
    sharedLimiter,
    buckets: inherited.buckets,
    contract: inherited.contract,
  })
  const upstream = connectMagento(magento, answers, gate)
  const responseCache = isCaching
    ? openResponseCache({
        store: whileInForce(store.answers, () => !isReplaced),
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
    dialect: inherited.dialect,
    tokenMemoryOf: inherited.tokenMemoryOf,
    monotonicClock: clock,
  }
  const facts = stepFacts(config)
  const integrations = prepareIntegrations(config.integrations, services, upstreamServices, magento)
  const claimantOf = claimantFinder(integrations, prepareNobody(services))
  const isProxy = compileIpSet(listen.trustedProxies)
  const receivers = prepareReceivers(config.integrations)
  // What can fail is above this line: from here on the configuration has effects.
  // Answers that were kept under other rules, or while no write dropped any, must not be given under these. At a start
  // there are such in Redis. Writes that came before drop none if nothing was cached then.
  const isFirstCaching = previous !== undefined && !keepsAnswers(previous.config)
  const holdOffMs = isFirstCaching ? longestRequestMs(previous.config) : 0
  if (isCaching) void store.answers.drop([everything], holdOffMs)
  lasting.allowRequestsOf(longestRequestMs(config))
  gate.configure(gateRules(config))
  const probe = magento.probe && watchMagento(magento.probe, upstream.sendOwn, gate, log)

  return {
    config,
    inherited,
    traffic: {
      steps: steps.map(({ name, prepare }) => ({ name, check: prepare(facts, services) })),
      claimantOf,
      answers,
      enter: users.enter,
      leave: users.leave,
      respond: prepareRespond({
        integrations,
        upstream,
        answers,
        cache: responseCache,
        totalMs: magento.timeouts.totalMs,
        jobs: lasting.jobs,
        log,
      }),
      record: (request) => recorder.record(request, buildRecord),
      noteSender: (request) => {
        const ip = canonicalRemoteIp(request.remoteIp)
        // If it came through a proxy, nobody knows who sent it.
        if (ip !== undefined && !isProxy(ip)) request.clientIp = ip
      },
      log,
    },
    magentoStatus: () => ({ ...gate.status(), ...(probe && { probe: probe.result() }) }),
    notReady: () => {
      const { failsReadiness, mode } = magento.circuitBreaker
      if (!failsReadiness || mode !== 'enforce') return []
      return gate.status().circuit === 'open' ? ['Magento fails'] : []
    },
    jobSenderOf: prepareJobSenders({
      integrations,
      upstream,
      cache: responseCache,
      endpoints: services.endpoints,
      enter: users.enter,
      leave: users.leave,
    }),
    receivers,
    retire: async () => {
      isReplaced = true
      probe?.stop()
      await users.gone()
      await upstream.close()
      await recorder.written()
      forgetSecrets()
    },
    cutOff: upstream.close,
    connections: upstream.connections,
  }
}

function keepsAnswers({ integrations }: Config): boolean {
  return integrations.some(({ policies }) => policies.cache !== undefined)
}

/** Until the answer is here, and the same again until the caller has read it; milliseconds. */
function longestRequestMs({ gateway: { listen, magento } }: Config): number {
  return listen.requestTimeoutMs + 2 * magento.timeouts.totalMs
}

/**
 * Keeps no answer that is fetched under a configuration after another one has replaced it: the next one may ask with
 * other credentials, or have another endpoint answer.
 */
function whileInForce(answers: AnswerStore, isInForce: () => boolean): AnswerStore {
  return {
    ...answers,
    find: (key, tags) =>
      isInForce() ? answers.find(key, tags) : { kept: undefined, ticket: undefined },
  }
}

/** Settles the Idempotency-Key of a request before its answer leaves. A stop waits for that, also if the caller has left. */
function settleKeyFirst(
  { enter, leave }: Pick<Users, 'enter' | 'leave'>,
  beforeEnd: AnswerSettings['beforeEnd'],
): AnswerSettings['beforeEnd'] {
  return (request, end) => {
    const { heldKey, outcome, keptAnswer } = request
    if (heldKey === undefined || outcome === undefined) return beforeEnd(request, end)
    enter()
    void heldKey.settle(outcome, keptAnswer).then(() => {
      request.endKey()
      leave()
      beforeEnd(request, end)
    })
  }
}
