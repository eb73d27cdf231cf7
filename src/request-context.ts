import type { X509Certificate } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { AuditDetails, NamedSubjects } from './contract/audit-details.ts'
import type { CacheRule, CacheUse } from './contract/cache-rule.ts'
import type { Deferral, JobAsk } from './contract/deferral.ts'
import type { MatchedEndpoint } from './contract/endpoint.ts'
import type { HeldKey } from './contract/idempotency.ts'
import type { JsonBody } from './contract/json-body.ts'
import type { LimitUse } from './contract/limit.ts'
import type { UpstreamExchange } from './contract/upstream-exchange.ts'
import type { UpstreamFill } from './contract/upstream-fill.ts'
import type { WholeAnswer } from './contract/whole-answer.ts'
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

/** Who the caller says it is, before anything is verified. */
export interface Claim {
  /** Name of the integration. */
  readonly integration: string
  /** `token` and `certificate`: the caller presented a known one; `name`: it only named itself. */
  readonly by: 'token' | 'certificate' | 'name'
}

/** A certificate whose key the caller has proven to hold. */
export interface ClientCertificate {
  readonly certificate: X509Certificate
  /** Whether a configured authority, or a trusted proxy, vouches for it. */
  readonly isChainTrusted: boolean
}

/** What the audit record shows of a signature that does not verify. */
export interface SignatureEvidence {
  readonly scheme: string
  /** The string that should have been signed; absent where that is the body alone. */
  readonly computed?: string
  /** As presented. */
  readonly signature: string
}

/** A refusal that was only reported; the request went on. */
export interface ReportedRefusal {
  readonly policy: string
  readonly code: string
  readonly reason: string
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
 * All that is known of one request on its way through the pipeline. A field that is not set from the start is written
 * by those whose names its comment begins with, and read by those after them.
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

  /** A UUID of ours, or by correlation the id that a trusted proxy gave. */
  requestId: string
  /** W3C Trace Context trace id, 32 hex digits; ours, or by correlation a trusted proxy's. */
  traceId: string
  /** W3C Trace Context trace flags, 2 hex digits; by correlation a trusted proxy's. */
  traceFlags = '01'
  /** W3C Trace Context parent id, 16 hex digits; by correlation a trusted proxy's. */
  parentSpanId: string | undefined = undefined
  /**
   * client-ip, or the server for a message that could not be parsed as a request: the caller's address, resolved through
   * trusted proxies.
   */
  clientIp: string | undefined = undefined
  /** client-ip: whether the connection comes from a trusted proxy. */
  viaTrustedProxy = false
  /** The transport: from the TLS handshake; client-certificate: one that a trusted proxy forwards. */
  clientCertificate: ClientCertificate | undefined
  /**
   * request-target: the parsed target; absent where it or an earlier step refused the request. search-criteria: the same
   * with a page size in its query.
   */
  parsedTarget: RequestTarget | undefined = undefined
  /** claimed-integration: who the caller says it is; undefined where nothing that it presents is known. */
  claimed: Claim | undefined = undefined
  /** ip-allowlist, admin-token-origin: why a claim that nothing proves yet is disregarded. */
  claimFault: string | undefined = undefined
  /** claimed-integration: hex SHA-256 of the bearer token presented. */
  bearerDigest: string | undefined = undefined
  /** The transport, once the body has been read: the exact bytes. */
  body: Buffer = noBody
  /** The transport: gives back the memory of the body. */
  releaseBody: (() => void) | undefined = undefined
  /** signature: id of the key that verified the request. */
  keyId: string | undefined = undefined
  /** signature: the nonce, which makes the request good for one use only. */
  nonce: { readonly value: string; readonly ttlMs: number } | undefined = undefined
  /** signature: the same for all repeats of this write, where it has no nonce. */
  repeatKey: string | undefined = undefined
  /** Policies that authenticate: a signature that does not verify or is nobody's, for the audit record. */
  signatureEvidence: SignatureEvidence | undefined = undefined
  /** require-https, policies, jobs: fields to put on the answer, whatever it is; names and values in turn. */
  readonly answerHeaders: string[] = []
  /** The pipeline: the verified integration, once every policy of the stage authenticate has allowed the request. */
  verified: string | undefined = undefined
  /** Report-only policies: what each would have refused. */
  reported: readonly ReportedRefusal[] | undefined = undefined
  /** rate-limit: the limits of the request, and how each stood after it. */
  limitUse: LimitUse | undefined = undefined
  /** route-grant: the pattern that granted the request, `METHOD /V1/path/:variable`. */
  route: string | undefined = undefined
  /** route-grant: what is asked of the gateway itself, on one of the routes that every integration is granted. */
  ownRoute: 'open-api' | JobAsk | undefined = undefined
  /** route-grant: raw (still encoded) value of each variable of the pattern. */
  routeVariables: ReadonlyMap<string, string> | undefined = undefined
  /** audit-details: what the record tells beyond the fields of every record. */
  auditDetails: AuditDetails | undefined = undefined
  /** json-body: the parsed body, until the request is forwarded. */
  json: JsonBody | undefined = undefined
  /** forward: what the request is about, kept when it gives up {@link json}. */
  subjects: NamedSubjects | undefined = undefined
  /** composed-endpoint: the gateway's own endpoint that answers instead of Magento. */
  endpoint: MatchedEndpoint | undefined = undefined
  /** deferred-write: how the request is carried out as a job; undefined if it is answered at once. */
  deferral: Deferral | undefined = undefined
  /** jobs: id of the job that the request became. */
  jobId: string | undefined = undefined
  /** magento-schema: checks an answer of Magento that is held whole, after it has been passed on. */
  inspectAnswer: ((status: number, body: Buffer) => void) | undefined = undefined
  /** response-cache: how the answer is cached, where it may be. */
  cacheRule: CacheRule | undefined = undefined
  /** forward: what the cache had to do with the request; undefined where its route has none. */
  cacheUse: CacheUse | undefined = undefined
  /** forward: takes Magento's answer into the cache; set until somebody has it, or the cache does not want it. */
  fill: UpstreamFill | undefined = undefined
  /** forward: drops from the cache what this write has changed, to be called once it is over; by default with its outcome. */
  dropChanged: ((outcome?: Outcome) => void | Promise<void>) | undefined = undefined
  /** forward: the exchange with Magento. */
  upstream: UpstreamExchange | undefined = undefined
  /** forward: gives up its place in the queue for Magento; set while it waits there. */
  leaveQueue: (() => void) | undefined = undefined
  /**
   * forward: since when it waits for its turn at Magento, for a token of it, or for what Magento is asked by another;
   * milliseconds of `performance.now()`.
   */
  waitsSince: number | undefined = undefined
  /** forward: how long it waited so before, milliseconds. */
  waitedMs = 0
  /** idempotency: the key that the request holds until it is over. */
  heldKey: HeldKey | undefined = undefined
  /** idempotency: the answer of the first request with the same key, which is given again. */
  repeatedAnswer: WholeAnswer | undefined = undefined
  /** Whoever answers: the answer, if it was held whole and {@link keepsAnswer} says that it is needed. */
  keptAnswer: WholeAnswer | undefined = undefined
  /** Whoever answers: how the request ended. */
  outcome: Outcome | undefined = undefined
  /** The transport: whether the caller left before its answer had ended, and before that was recorded. */
  hasCallerLeft = false
  /** The recorder: whether it has recorded the request, or is about to. */
  isRecorded = false
  /** The recorder: when the request was over, milliseconds of `performance.now()`. */
  endedAt = 0
  /** Whoever answers: length of the body of the answer. */
  bytesOut = 0
  #isOver = false
  #isKeySettled = false
  #isUnderWay = false
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

  /**
   * Calls back when the request is over and nothing of it is still carried out, or at once if its response has closed;
   * for one callback per request.
   */
  atEnd(giveBack: () => void): void {
    if (this.#isOver) giveBack()
    else this.#atEnd = giveBack
  }

  /** The parsed target, for what runs after request-target only. */
  get target(): RequestTarget {
    if (this.parsedTarget === undefined) throw new Error('the target has not been parsed')
    return this.parsedTarget
  }

  /** Whether the answer is still needed after it has been passed on: for its key, or for the record. */
  get keepsAnswer(): boolean {
    return this.heldKey !== undefined || this.auditDetails?.answerBody !== undefined
  }

  /** Whether the gateway keeps or reads Magento's answer, so that it must not come compressed. */
  get needsPlainAnswer(): boolean {
    return this.keepsAnswer || this.inspectAnswer !== undefined
  }

  /**
   * Whether Magento is asked even if the caller leaves: it will ask for the answer again with its key, or others may wait
   * for it in the cache.
   */
  get outlivesCaller(): boolean {
    return this.heldKey !== undefined || this.fill !== undefined
  }

  /** Whether the request belongs to the trace of a trusted proxy, so that its `tracestate` counts. */
  get continuesTrace(): boolean {
    return this.parentSpanId !== undefined
  }

  /** Tells that the response has closed. */
  end(): void {
    this.#isOver = true
    this.leaveQueue?.()
    this.#giveBack()
  }

  /** Tells that its key is settled, so that nothing of it is still to be carried out. */
  endKey(): void {
    this.#isKeySettled = true
    this.#giveBack()
  }

  /** Takes note of work for the request that goes on even if its caller leaves. To be called once. */
  async untilCarriedOut<Result>(work: Promise<Result>): Promise<Result> {
    this.#isUnderWay = true
    try {
      return await work
    } finally {
      this.#isUnderWay = false
      this.#giveBack()
    }
  }

  #giveBack(): void {
    // With a key, it is carried out even if its caller has left.
    const hasOpenKey = this.heldKey !== undefined && !this.#isKeySettled
    if (!this.#isOver || this.#isUnderWay || hasOpenKey) return
    this.releaseBody?.()
    this.#atEnd?.()
    this.#atEnd = undefined
  }

  /**
   * The first value of a header, by its lower-case name. The step request-framing refuses requests that
   * repeat one of the headers that decide something, so for those it is the only value.
   */
  header(name: string): string | undefined {
    return firstValue(this.rawHeaders, name)
  }
}
