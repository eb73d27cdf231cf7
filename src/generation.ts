import type { AnswerSettings } from './answer.ts'
import type { Config } from './config.ts'
import { connectMagento } from './forward/magento.ts'
import { dialectMemoryFor } from './forward/oauth1/dialect-memory.ts'
import { prepareIntegration, prepareNobody } from './integration.ts'
import type { LastingParts } from './lasting-parts.ts'
import { steps } from './pipeline.ts'
import type { SharedLimiter } from './policy.ts'
import { ratePerSecond } from './rate.ts'
import { prepareAuditRecord } from './record/audit-record.ts'
import { compileBodyRedaction } from './record/body-redaction.ts'
import { compileCredentialNames } from './record/credential-names.ts'
import { prepareTokenHash } from './record/token-hash.ts'
import { prepareRespond } from './respond.ts'
import { type NamedBuckets, prepareServices } from './services.ts'
import { stepFacts } from './step-facts.ts'
import { integrationOf, type Traffic } from './traffic.ts'

/** One configuration at work: what the requests pass that came in while it held. */
export interface Generation {
  readonly config: Config
  readonly traffic: Traffic
  /** State of limits in this process, which the next generation takes over. */
  readonly buckets: NamedBuckets
  /**
   * Takes no request any more. When the last one is over, the connections to Magento are closed;
   * when nothing of it can be written any more, its secrets are forgotten. Resolves then.
   */
  readonly retire: () => Promise<void>
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
 * Prepares a configuration to take requests; nothing of what exists changes by it.
 * @param previous the generation that it follows
 */
export function prepareGeneration(
  config: Config,
  { lasting, sharedLimiter, isDraining }: Foundation,
  previous?: Generation,
): Generation {
  const { listen, magento, audit, limits } = config.gateway
  const { clock, redactions, log, recorder, penalties } = lasting
  const { redact } = redactions
  const buildRecord = prepareAuditRecord({
    hashToken: prepareTokenHash(audit.tokenHashKey?.reveal() ?? lasting.tokenHashKey),
    showBody: compileBodyRedaction(compileCredentialNames(audit.redact.names), redact),
  })
  const answers: AnswerSettings = {
    problemsUrl: listen.problemsUrl,
    isDraining,
    hold: settleFirst((request, end) => recorder.hold(request, buildRecord, end)),
  }
  const buckets: NamedBuckets = new Map()
  const services = prepareServices(config, lasting, sharedLimiter, {
    buckets: previous?.buckets ?? new Map(),
    own: buckets,
  })
  const upstream = connectMagento(magento, answers)
  const upstreamServices = {
    ...upstream,
    dialects: dialectMemoryFor(magento.version),
    monotonicClock: clock,
  }
  const facts = stepFacts(config)
  const integrations = new Map(
    config.integrations.map((settings) => [
      settings.name,
      prepareIntegration(settings, services, upstreamServices),
    ]),
  )
  const nobody = prepareNobody(services)
  const refusals = {
    refusals: {
      ratePerSecond: ratePerSecond(limits.perAddress.refusals.rate),
      burst: limits.perAddress.refusals.burst,
    },
    firstMs: limits.perAddress.refusals.penaltyMs,
    longestMs: limits.perAddress.refusals.longestPenaltyMs,
  }

  // What still needs this generation: requests that are not over, and what they ask of Magento.
  let users = 0
  let isRetired = false
  let onUnused = () => {}
  const unused = new Promise<void>((resolve) => {
    onUnused = resolve
  })
  const leave = () => {
    users -= 1
    if (isRetired && users === 0) onUnused()
  }

  const traffic: Traffic = {
    steps: steps.map(({ name, prepare }) => ({ name, check: prepare(facts, services) })),
    integrations,
    nobody,
    answers,
    enter: () => {
      users += 1
    },
    leave,
    respond: prepareRespond({
      integrationOf: (request) => integrationOf({ integrations, nobody }, request),
      upstream,
      answers,
      shop: magento,
      log,
    }),
    record: (request) => {
      penalties.note(request, refusals)
      recorder.record(request, buildRecord)
    },
    log,
  }
  const forgetSecrets = redactions.add(config.secrets, audit.redact)
  return {
    config,
    traffic,
    buckets,
    retire: async () => {
      isRetired = true
      if (users === 0) onUnused()
      await unused
      await upstream.close()
      await recorder.written()
      forgetSecrets()
    },
    cutOff: upstream.close,
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
