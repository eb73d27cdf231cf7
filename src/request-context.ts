import type { X509Certificate } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { AuditDetails } from './contract/audit-details.ts'
import type { CacheRule, CacheUse } from './contract/cache-rule.ts'
import type { JobAsk } from './contract/deferral.ts'
import type { MatchedEndpoint } from './contract/endpoint.ts'
import type { HeldKey } from './contract/idempotency.ts'
import type { Limit, LimitState } from './contract/limit.ts'
import type { UpstreamFill } from './contract/upstream-fill.ts'
import { firstValue } from './syntax/headers.ts'

/** A request target that follows the one grammar; every part is a slice of the received bytes. */
export interface RequestTarget {
  /** The raw path: `/rest/[store/][async/[bulk/]]V1/…`. */
  readonly path: string
  /** The raw query without its `?`; absent when there is no `?`. */
  readonly query: string | undefined
  /** The store code of the path, `all` included; absent when the path has none. */
  readonly store: string | undefined
  /** The raw segments from `V1` on, or from `async`. */
  readonly segments: readonly string[]
}

/** The one path outside `/rest/`: what an integration may call, as an OpenAPI document. */
export const openApiPath = '/openapi.json'

/** The route that `GET` of it is; every integration is granted it. */
export const openApiRoute = `GET ${openApiPath}`

/** Who the caller says it is, before anything is verified. */
export interface Claim {
  /** Name of the integration; absent when nothing that was presented is known. */
  readonly integration?: string
  /**
   * `token` and `certificate`: the caller presented one that we know; `name`: it only named itself.
   */
  readonly by: 'token' | 'certificate' | 'name' | 'nothing'
}

/** A certificate whose key the caller has proven to hold. */
export interface ClientCertificate {
  readonly certificate: X509Certificate
  /** Whether an authority that is configured here, or the trusted proxy, vouches for it. */
  readonly isChainTrusted: boolean
}

/** What is known of the forwarded request; kept for the audit record. */
export interface UpstreamExchange {
  /** When it was handed to the connection pool; milliseconds of `performance.now()`. */
  readonly startedAt: number
  status?: number
  /** Milliseconds until the answer was complete or had failed. */
  durationMs?: number
  /** W3C Trace Context parent id that Magento was told, 16 hex digits. */
  spanId?: string
  /** Where it was sent to. */
  origin?: string
}

/** Of a signature that does not verify, what the record of the request is made of. */
export interface SignatureEvidence {
  readonly scheme: string
  /** The string that should have been signed; absent where that is the body. */
  readonly computed?: string
  /** As presented. */
  readonly signature: string
}

/** An answer that is held whole. */
export interface WholeAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
}

/** A body that is strict JSON, read once for every policy that looks into it. */
export interface JsonBody {
  /** An object or an array. */
  readonly value: object
  readonly text: string
  /** Every name that a member of any object has. */
  readonly names: ReadonlySet<string>
}

/** A refusal that was reported, and that the request went on after. */
export interface ReportedRefusal {
  readonly policy: string
  readonly code: string
  readonly reason: string
}

/** Limits that were asked for a request, and what each said. */
export interface LimitUse {
  readonly limits: readonly Limit[]
  readonly states: readonly LimitState[]
}

/** How the request ended, as the audit record tells it. */
export interface Outcome {
  readonly status: number
  readonly code?: string
  readonly reason?: string
  readonly policy?: string
}

/** What the transport hands over when a request has arrived. */
export interface Arrival {
  readonly method: string
  /** The request target exactly as received. */
  readonly rawTarget: string
  /** Header names and values in turn, as received: `[name, value, name, value, …]`. */
  readonly rawHeaders: readonly string[]
  /** The remote IP: the other end of the connection, which may be a proxy. */
  readonly remoteIp: string | undefined
  readonly isTls: boolean
  /** From the TLS handshake with the gateway itself. */
  readonly clientCertificate?: ClientCertificate | undefined
  readonly hasBody: boolean
  readonly requestId: string
}

const noBody = Buffer.alloc(0)

/**
 * All that is known of one request while it walks the pipeline. Each field that is not there from
 * the start is written by one step, named beside it, and read by those after it.
 */
export class RequestContext {
  readonly method: string
  readonly rawTarget: string
  readonly rawHeaders: readonly string[]
  readonly remoteIp: string | undefined
  readonly isTls: boolean
  readonly hasBody: boolean
  /** Milliseconds since the epoch. */
  readonly arrivedAtMs = Date.now()
  /** Milliseconds of `performance.now()`, for durations. */
  readonly startedAt = performance.now()

  /** A UUID of ours; correlation puts the id in its place that a trusted proxy gave. */
  requestId: string
  /** W3C Trace Context trace id, 32 hex digits; ours, or by correlation a trusted proxy's. */
  traceId: string
  /** W3C Trace Context trace flags, 2 hex digits; by correlation a trusted proxy's. */
  traceFlags = '01'
  /** W3C Trace Context parent id, 16 hex digits; by correlation a trusted proxy's. */
  parentSpanId: string | undefined = undefined
  /** client-ip: the caller's address, resolved through trusted proxies. */
  clientIp: string | undefined = undefined
  /** client-ip: whether the connection comes from a trusted proxy. */
  viaTrustedProxy = false
  /** The transport, or client-certificate: one that a trusted proxy forwards. */
  clientCertificate: ClientCertificate | undefined
  /** request-target */
  target: RequestTarget | undefined = undefined
  /** claimed-integration */
  claimed: Claim | undefined = undefined
  /** ip-allowlist: why the claim, which nothing proves yet, counts for nothing. */
  claimFault: string | undefined = undefined
  /** claimed-integration: hex SHA-256 of the bearer token presented. */
  bearerDigest: string | undefined = undefined
  /** The transport, once the body has been read: the exact bytes. */
  body: Buffer = noBody
  /** signature: id of the key that verified the request. */
  keyId: string | undefined = undefined
  /** signature: what the request may be used once for. */
  nonce: { readonly value: string; readonly ttlMs: number } | undefined = undefined
  /** signature: what repeats of this write have in common, where it has no nonce. */
  repeatKey: string | undefined = undefined
  /** signature: of one that does not verify. */
  signatureEvidence: SignatureEvidence | undefined = undefined
  /** Fields that policies put on the answer, whatever it is; names and values in turn. */
  readonly answerHeaders: string[] = []
  /** The pipeline, when every policy of the stage authenticate has allowed the request. */
  verified: string | undefined = undefined
  /** rate-limit: names of limits that are only reported and that the request goes beyond. */
  reportedLimits: readonly string[] | undefined = undefined
  /** Policies that only report: what each would have refused. */
  reported: readonly ReportedRefusal[] | undefined = undefined
  /** rate-limit: its limits, and how each stood after it. */
  limitUse: LimitUse | undefined = undefined
  /** route-grant: the pattern that granted the request, `METHOD /V1/path/:variable`. */
  route: string | undefined = undefined
  /** route-grant: raw (still encoded) value of each variable of the pattern. */
  routeVariables: ReadonlyMap<string, string> | undefined = undefined
  /** audit-details: what the record tells besides what all records tell. */
  auditDetails: AuditDetails | undefined = undefined
  /** json-body: what the body says, where it is JSON. */
  json: JsonBody | undefined = undefined
  /** composed-endpoint: what answers in the place of Magento. */
  endpoint: MatchedEndpoint | undefined = undefined
  /** route-grant, deferred-write: what it asks of the jobs. */
  job: JobAsk | undefined = undefined
  /** Whoever accepts it: the job that was made of it. */
  jobId: string | undefined = undefined
  /** magento-schema: looks at an answer of Magento that is held whole, after it has been passed on. */
  inspectAnswer: ((status: number, body: Buffer) => void) | undefined = undefined
  /** response-cache: how the answer is kept, where it may be. */
  cacheRule: CacheRule | undefined = undefined
  /** forward: what the cache had to do with the request; undefined where its route has none. */
  cacheUse: CacheUse | undefined = undefined
  /** forward: what takes Magento's answer to keep it. */
  fill: UpstreamFill | undefined = undefined
  /** forward: drops from the cache what this write has changed, once it is over. */
  dropChanged: (() => void | Promise<void>) | undefined = undefined
  /** forward */
  upstream: UpstreamExchange | undefined = undefined
  /** forward: gives its place up while it waits for Magento to have time. */
  leaveQueue: (() => void) | undefined = undefined
  /** idempotency: the key that is settled when the request is over. */
  heldKey: HeldKey | undefined = undefined
  /** idempotency: the answer of the first request with the same key, which is given again. */
  repeatedAnswer: WholeAnswer | undefined = undefined
  /** Whoever answers: what it answered, where something {@link keepsAnswer} and it was held whole. */
  keptAnswer: WholeAnswer | undefined = undefined
  /** Whoever answers. */
  outcome: Outcome | undefined = undefined
  /** The recorder: whether it has been taken note of. */
  isRecorded = false
  /** The recorder: when it was over, milliseconds of `performance.now()`. */
  endedAt = 0
  /** Body bytes of the answer. */
  bytesOut = 0
  #isOver = false
  #atEnd: (() => void) | undefined

  constructor(arrival: Arrival) {
    this.method = arrival.method
    this.rawTarget = arrival.rawTarget
    this.rawHeaders = arrival.rawHeaders
    this.remoteIp = arrival.remoteIp
    this.isTls = arrival.isTls
    this.clientCertificate = arrival.clientCertificate
    this.hasBody = arrival.hasBody
    this.requestId = arrival.requestId
    this.traceId = arrival.requestId.replaceAll('-', '')
  }

  /** Has something given back when the request is over, or at once if it is; once per request. */
  atEnd(giveBack: () => void): void {
    if (this.#isOver) giveBack()
    else this.#atEnd = giveBack
  }

  /** Whether its answer is needed after it was passed on. */
  get keepsAnswer(): boolean {
    return this.heldKey !== undefined || this.auditDetails?.answerBody !== undefined
  }

  /** The connection is done with the request. */
  end(): void {
    this.#isOver = true
    this.leaveQueue?.()
    this.#atEnd?.()
  }

  /**
   * The value of a header, by its lower-case name. Where a header that may stand once is repeated,
   * the step request-framing has refused the request, so the first value is the only one.
   */
  header(name: string): string | undefined {
    return firstValue(this.rawHeaders, name)
  }
}
