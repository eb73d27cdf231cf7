import type { Static, TSchema } from 'typebox'
import type { MagentoContract } from './authorize/magento-contract/contract.ts'
import { fillDefaults } from './config/fill-defaults.ts'
import type { Endpoint } from './contract/endpoint.ts'
import type { TakeKey } from './contract/idempotency.ts'
import type { Charge, LimitDecision } from './contract/limit.ts'
import type { PublicOrigin } from './contract/public-origin.ts'
import type { Rejection, Violation } from './problem.ts'
import type { RequestContext } from './request-context.ts'

/**
 * When a policy runs. `admit`: nothing of the body is read. `authenticate`: the raw bytes are in
 * hand. `authorize`: the integration is verified.
 */
export type Stage = 'admit' | 'authenticate' | 'authorize'

/** The verdict that lets a request go on. */
export const allow = Symbol('allow')

/** What a check answers: never undefined, so a forgotten `return` does not compile. */
export type Verdict = typeof allow | Rejection

/** Decides on one request. A refusal is returned; only bugs and broken dependencies throw. */
export type Check = (request: RequestContext) => Verdict | Promise<Verdict>

/** A token bucket. */
export interface RateLimit {
  /** Requests per second, sustained. */
  readonly ratePerSecond: number
  /** Size of the bucket, in requests: what may come at once. */
  readonly burst: number
}

/** The decision of a limiter of this process on one request. */
export interface LocalDecision {
  readonly isAllowed: boolean
  /** Milliseconds until a request would be allowed; 0 when this one is. */
  readonly retryAfterMs: number
}

/** Takes one request out of the bucket of a key that lives in this process. */
export type LocalLimiter = (key: string) => LocalDecision

/** Decides on a request by limits whose state is shared by all processes. */
export type SharedLimiter = (charge: Charge) => Promise<LimitDecision>

/**
 * What became of the attempt to use a nonce: `full` when there is no room to remember it,
 * `unavailable` when what remembers it is away.
 */
export type NonceResult = 'fresh' | 'seen' | 'full' | 'unavailable'

/**
 * Marks a nonce of an integration as used; across all processes it is `fresh` exactly once. Those of other integrations
 * have nothing to do with it.
 * @param ttlMs how long it must be remembered, milliseconds
 * @param ifLate whether it counts as unused again where it was marked too late for the answer, which was `unavailable`
 */
export type UseNonce = (
  integration: string,
  nonce: string,
  ttlMs: number,
  ifLate?: 'unused',
) => NonceResult | Promise<NonceResult>

/** Determines the W3C trace flags of a trace, which follow those of its parent if it has one. */
export type SampleTrace = (traceId: string, parentFlags: string | undefined) => string

/** Everything outside the request that policies may use; passed in, so that nothing reaches for a global. */
export interface Services {
  /**
   * A limiter that costs no round trip; `keys` bounds how many keys it remembers.
   * @param name identifies its state, which survives a reload under the same name; of an integration it begins with
   *   the integration's name and a slash
   */
  readonly localLimiter: (name: string, limit: RateLimit, keys: number) => LocalLimiter
  readonly sharedLimiter: SharedLimiter
  /** Undefined where tracing is off. */
  readonly sampleTrace: SampleTrace | undefined
  /** Counts and logs a refusal that is only reported. */
  readonly reportRefusal: (request: RequestContext, policy: string, rejection: Rejection) => void
  /** The same, counted apart, for a refusal that is only reported because of the policy's own `mode`. */
  readonly reportViolations: (request: RequestContext, policy: string, rejection: Rejection) => void
  /** Counts a limit that refused a request, or would have if it were enforced. */
  readonly countExceeded: (integration: string, limit: string, isEnforced: boolean) => void
  /** How long an address is still blocked because of its refused requests, milliseconds; 0 when it is not. */
  readonly penaltyOf: (addressKey: string) => number
  /** At least 0 and below 1. */
  readonly random: () => number
  readonly useNonce: UseNonce
  readonly takeKey: TakeKey
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  readonly publicOrigin: PublicOrigin
  /** Whether the configuration says it; if not, it is only the address that the gateway listens on. */
  readonly isPublicOriginKnown: boolean
  /** What the shop's own schema allows; undefined where it was not fetched. */
  readonly contract: MagentoContract | undefined
  /** Whether writes can be accepted as jobs. */
  readonly keepsJobs: boolean
  /** How long a job is tried before it is given up, unless its route says otherwise; milliseconds. */
  readonly jobLifeMs: number
  /** The endpoints of the gateway's own. */
  readonly endpoints: readonly Endpoint[]
  /** Counts and logs where an answer of Magento departs from its schema. */
  readonly reportDrift: (request: RequestContext, violations: readonly Violation[]) => void
  /**
   * Does the work of verifying the signatures of a request that is refused, so that the time of the answer does not
   * tell which of them there was a key for.
   * @param tried the scheme of the one that has been verified with a key
   */
  readonly spendDecoy: (request: RequestContext, tried?: string) => void
  /** Whether writes must be recorded, and the audit trail cannot record them at present. */
  readonly isAuditDemandUnmet: () => boolean
}

/** The services of the policies of one integration. */
export interface PolicyServices extends Services {
  /** Its name. */
  readonly integration: string
  /** Whether Magento gets the caller's own credential, so that it stands for many users of Magento. */
  readonly isPassthrough: boolean
}

/** A check that every request passes, whoever sent it; `Facts` is what it needs of the configuration. */
export interface Step<Facts> {
  readonly name: string
  readonly prepare: (facts: Facts, services: Services) => (request: RequestContext) => Verdict
}

/**
 * A policy: a plain value that checks its settings once and becomes a closure per integration.
 * Its place in the configuration of an integration is `section` and `key`.
 */
export interface Policy<
  Section extends 'credentials' | 'policies' = 'credentials' | 'policies',
  Key extends string = string,
  Settings extends TSchema = TSchema,
> {
  readonly name: string
  readonly stage: Stage
  readonly section: Section
  readonly key: Key
  /** TypeBox: JSON Schema and type in one. */
  readonly settings: Settings
  /**
   * Whether an integration may set it to report only, so that it lets pass what it would refuse. Left out
   * where a refusal settles who the caller is, keeps a write from being done twice, or is relied on by
   * later code.
   */
  readonly isReportable?: true
  /**
   * Settings of an integration that has none of its own, filled up with the defaults of the schema. Without them such
   * an integration skips the policy.
   */
  readonly absent?: Partial<Static<Settings>>
  /**
   * Called once per integration and configuration, before its first request. The settings match their
   * schema, so it does not fail.
   */
  readonly prepare: (settings: Static<Settings>, services: PolicyServices) => Check
}

/** Gives a policy its exact type, which the configuration's type is derived from, and its `absent` the defaults. */
export function definePolicy<
  Section extends 'credentials' | 'policies',
  Key extends string,
  Settings extends TSchema,
>(policy: Policy<Section, Key, Settings>): Policy<Section, Key, Settings> {
  const { absent, settings } = policy
  if (absent === undefined) return policy
  return { ...policy, absent: fillDefaults(settings, absent) as Partial<Static<Settings>> }
}
