import type { Static, TSchema } from 'typebox'
import type { MagentoContract } from './authorize/magento-contract/contract.ts'
import type { Endpoint } from './contract/endpoint.ts'
import type { IdempotencyStore } from './contract/idempotency.ts'
import type { Charge, LimitDecision } from './contract/limit.ts'
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

/** A sustained rate with a bucket. */
export interface RateLimit {
  /** Requests per second, sustained. */
  readonly ratePerSecond: number
  /** Size of the bucket, in requests: what may come at once. */
  readonly burst: number
}

/** What a limiter in this process says of one request. */
export interface LocalDecision {
  readonly isAllowed: boolean
  /** Whole requests that may still come at once. */
  readonly remaining: number
  /** Milliseconds until a request would be allowed; 0 when this one is. */
  readonly retryAfterMs: number
}

/** Takes one request out of the bucket of a key that lives in this process. */
export type LocalLimiter = (key: string) => LocalDecision

/** Decides on a request by limits whose state all processes share. */
export type SharedLimiter = (charge: Charge) => Promise<LimitDecision>

/**
 * What became of the attempt to use a nonce: `full` when there is no room to remember it,
 * `unavailable` when what remembers it is away.
 */
export type NonceResult = 'fresh' | 'seen' | 'full' | 'unavailable'

/** The public name of the gateway: what clients sign as scheme and authority. */
export interface PublicOrigin {
  readonly scheme: 'http' | 'https'
  /** Host in lower case, and port unless it is the scheme's own. */
  readonly authority: string
}

/** What policies may use of the world; passed in, so that nothing reaches for a global. */
export interface Services {
  /**
   * A limiter that costs no round trip; `keys` bounds how many keys it remembers.
   * @param name tells its state apart from that of others, and keeps it when the configuration changes
   */
  readonly localLimiter: (name: string, limit: RateLimit, keys: number) => LocalLimiter
  readonly sharedLimiter: SharedLimiter
  /**
   * Gives the W3C trace flags of a trace, by those of its parent if it has one; undefined where nothing
   * is traced.
   */
  readonly sampleTrace: ((traceId: string, parentFlags: string | undefined) => string) | undefined
  /** Counts and logs a refusal that is only reported. */
  readonly reportRefusal: (request: RequestContext, policy: string, rejection: Rejection) => void
  /** Counts a limit that would have refused a request, or has. */
  readonly countExceeded: (integration: string, limit: string, isEnforced: boolean) => void
  /** For how long an address may send nothing because of what was refused to it, milliseconds. */
  readonly penaltyOf: (addressKey: string) => number
  /** At least 0 and below 1. */
  readonly random: () => number
  /**
   * Uses a nonce, once among all processes.
   * @param ttlMs how long it must be remembered, milliseconds
   */
  readonly useNonce: (nonce: string, ttlMs: number) => NonceResult | Promise<NonceResult>
  readonly idempotencyKeys: IdempotencyStore
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  readonly publicOrigin: PublicOrigin
  /** What the shop says it understands; undefined where its schema was not fetched. */
  readonly contract: MagentoContract | undefined
  /** Whether writes can be accepted as jobs. */
  readonly keepsJobs: boolean
  /** Until a job is given up, where its route says nothing; milliseconds. */
  readonly jobLifeMs: number
  /** The endpoints of the gateway's own. */
  readonly endpoints: readonly Endpoint[]
  /** Counts and logs what is not as the contract has it, where that is not refused. */
  readonly reportViolations: (request: RequestContext, violations: readonly Violation[]) => void
  /** Counts and logs that an answer is not as the contract has it. */
  readonly reportDrift: (request: RequestContext, violations: readonly Violation[]) => void
  /** Spends on a request that is refused before its signature what the signature would have cost. */
  readonly spendDecoy: (request: RequestContext) => void
  /** Whether writes must be recorded and at present cannot be. */
  readonly isAuditDemandUnmet: () => boolean
}

/** The same for the policies of one integration. */
export interface PolicyServices extends Services {
  /** Its name. */
  readonly integration: string
  /** Whether its writes can be jobs: not those that are sent with a credential of the caller's own. */
  readonly mayDefer: boolean
}

/** A step that every request passes, whoever sent it; `Facts` is what it needs of the configuration. */
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
   * Whether an integration may have it report what it would refuse, and let that pass. Left out where a
   * refusal says who the caller is, keeps a write from being done twice, or is what later code relies on.
   */
  readonly isReportable?: true
  /** What holds where an integration says nothing; a policy without it is then not in the path. */
  readonly absent?: Static<Settings>
  /** Once per integration and configuration, before its first request; the settings match their schema, so it does not fail. */
  readonly prepare: (settings: Static<Settings>, services: PolicyServices) => Check
}

/** Gives a policy its exact type, which the configuration's type is derived from. */
export function definePolicy<
  Section extends 'credentials' | 'policies',
  Key extends string,
  Settings extends TSchema,
>(policy: Policy<Section, Key, Settings>): Policy<Section, Key, Settings> {
  return policy
}
