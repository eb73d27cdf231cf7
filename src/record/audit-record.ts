import { hash } from 'node:crypto'
import type { CacheUse } from '../contract/cache-rule.ts'
import { reportedLimitsOf } from '../contract/limit.ts'
import { namedSubjects } from '../contract/subjects.ts'
import type { Outcome, ReportedRefusal, RequestContext } from '../request-context.ts'
import { clientClosed } from '../server/answer.ts'
import type { ShowBody } from './redaction/body-redaction.ts'
import { type RecordedSignature, recordedSignature } from './redaction/evidence-redaction.ts'
import { redactPath } from './redaction/path-redaction.ts'
import { redactQuery } from './redaction/query-redaction.ts'
import { redactTokenShapes } from './redaction/token-shapes.ts'

/**
 * What is recorded of one request, however it ended. Fields without a value are left out of the line. `seq`,
 * `prev` and `hash` are added when it is written.
 */
export interface AuditRecord {
  /** Version of this format. */
  readonly v: 1
  /** Set if the record is about the end of a job or of its call-back; absent for a request. */
  readonly event?: 'job-ended' | 'callback-ended'
  /** ISO 8601, UTC: when the request arrived. */
  readonly time: string
  readonly requestId: string
  /** W3C Trace Context trace id. */
  readonly traceId: string
  /** The verified integration. */
  readonly integration?: string | undefined
  /** The integration that the caller said it was; anybody can say that before it is verified. */
  readonly claimed?: string | undefined
  /** Resolved through trusted proxies, or the remote IP if the request was refused before that. */
  readonly clientIp?: string | undefined
  readonly method: string
  /** The granted route pattern. */
  readonly route?: string | undefined
  /** Redacted; absent when the target could not be parsed. */
  readonly path?: string | undefined
  /** Redacted. */
  readonly query?: string | undefined
  readonly status: number
  /** Code of the refusal or failure; absent if Magento or an endpoint has answered. */
  readonly code?: string | undefined
  /** For the operator only. */
  readonly reason?: string | undefined
  /** Step or policy that refused. */
  readonly policy?: string | undefined
  /** Milliseconds from arrival to the end of the answer. */
  readonly durationMs: number
  /** Milliseconds of these that Magento took. */
  readonly upstreamMs?: number | undefined
  readonly upstreamStatus?: number | undefined
  /** Bytes of the request body. */
  readonly bytesIn: number
  /** Bytes of the answer's body. */
  readonly bytesOut: number
  /** Hex SHA-256 of the request body. */
  readonly bodySha256?: string | undefined
  /** What the response cache did for it; absent if its route is not cached. */
  readonly cache?: CacheUse | undefined
  /** Report-only limits that the request exceeded. */
  readonly reportedLimits?: readonly string[] | undefined
  /** What policies that only report would have refused. */
  readonly reported?: readonly ReportedRefusal[] | undefined
  /** SKUs that path and body name. */
  readonly skus?: readonly string[] | undefined
  /** Ids of products that the body names. */
  readonly productIds?: readonly string[] | undefined
  /** Ids of orders that path and body name. */
  readonly orderIds?: readonly string[] | undefined
  /** Ids of jobs that path and body name. */
  readonly jobIds?: readonly string[] | undefined
  /** How many further SKUs and ids the request names that are not recorded, repetitions included. */
  readonly subjectsLeftOut?: number | undefined
  /** {@link HashToken} of the bearer token that was presented. */
  readonly tokenHash?: string | undefined
  /** Id of the secret that verified the signature. */
  readonly keyId?: string | undefined
  /** For a signature that does not verify: what `magegate explain` needs to find the cause. */
  readonly signature?: RecordedSignature | undefined
  /** Some headers, reduced to what is harmless. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Redacted JSON, cut to a length; only if the configuration of the route asks for it. */
  readonly requestBody?: string | undefined
  /** The same for Magento's answer. */
  readonly answerBody?: string | undefined
}

/**
 * Gives a keyed hash of a bearer token, hex, from the digest of the token. Requests with the same token have the
 * same hash, and without the key nobody can test a guessed token against it.
 */
export type HashToken = (digest: string) => string

/** What a record is built with. */
export interface RecordSettings {
  readonly hashToken: HashToken
  readonly showBody: ShowBody
  /** Told why the record of a request could not be built: a bug. */
  readonly onUnbuilt: (request: RequestContext, error: unknown) => void
}

/** Builds the record of a request. */
export type BuildRecord = (request: RequestContext) => AuditRecord

/**
 * Prepares {@link BuildRecord}, which does not throw: a request whose record cannot be built has one of what the gateway
 * itself knows. A record has only the fields listed here; nothing else of a request is recorded.
 */
export function prepareAuditRecord(settings: RecordSettings): BuildRecord {
  return (request) => {
    try {
      return auditRecord(request, settings)
    } catch (error) {
      settings.onUnbuilt(request, error)
      return bareRecord(request)
    }
  }
}

function auditRecord(
  request: RequestContext,
  { hashToken, showBody }: RecordSettings,
): AuditRecord {
  const outcome = outcomeOf(request)
  const {
    upstream,
    parsedTarget: target,
    body,
    keptAnswer,
    auditDetails,
    bearerDigest,
    endedAt,
  } = request
  const { skus, productIds, orderIds, jobIds, leftOut } = namedSubjects(request)
  function shownBody(bytes: Buffer | undefined, maxLength: number | undefined): string | undefined {
    if (maxLength === undefined || bytes === undefined || bytes.length === 0) return undefined
    return showBody(bytes, maxLength)
  }
  return {
    v: 1,
    time: new Date(request.arrivedAtMs).toISOString(),
    requestId: request.requestId,
    traceId: request.traceId,
    integration: request.verified,
    claimed: request.claimed?.integration,
    clientIp: request.clientIp ?? request.remoteIp,
    method: request.method,
    route: request.route,
    path: redactPath(request),
    query: target?.query === undefined ? undefined : redactQuery(target.query),
    status: outcome.status,
    code: outcome.code,
    reason: outcome.reason,
    policy: outcome.policy,
    durationMs: milliseconds(endedAt - request.startedAt),
    // It may go on after the caller has left, or even begin then, since the record is built a little later.
    upstreamMs:
      upstream && milliseconds(upstream.durationMs ?? Math.max(0, endedAt - upstream.startedAt)),
    upstreamStatus: upstream?.status,
    bytesIn: body.length,
    bytesOut: request.bytesOut,
    bodySha256: body.length === 0 ? undefined : hash('sha256', body),
    cache: request.cacheUse,
    reportedLimits: request.limitUse && reportedLimitsOf(request.limitUse),
    reported: request.reported,
    skus: skus?.map(redactTokenShapes),
    productIds: productIds?.map(redactTokenShapes),
    orderIds: orderIds?.map(redactTokenShapes),
    jobIds: request.jobId === undefined ? jobIds?.map(redactTokenShapes) : [request.jobId],
    subjectsLeftOut: leftOut,
    tokenHash: bearerDigest && hashToken(bearerDigest),
    keyId: request.keyId,
    signature: recordedSignature(request),
    headers: chosenHeaders(request),
    requestBody: shownBody(body, auditDetails?.requestBody),
    answerBody: shownBody(keptAnswer?.body, auditDetails?.answerBody),
  } satisfies AuditRecord & Record<keyof Omit<AuditRecord, 'event'>, unknown>
}

function bareRecord(request: RequestContext): AuditRecord {
  const { status, code, policy } = outcomeOf(request)
  return {
    v: 1,
    time: new Date(request.arrivedAtMs).toISOString(),
    requestId: request.requestId,
    traceId: request.traceId,
    integration: request.verified,
    clientIp: request.clientIp ?? request.remoteIp,
    method: request.method,
    route: request.route,
    status,
    code,
    policy,
    reason: 'its record could not be built',
    durationMs: milliseconds(request.endedAt - request.startedAt),
    bytesIn: request.body.length,
    bytesOut: request.bytesOut,
    jobIds: request.jobId === undefined ? undefined : [request.jobId],
  }
}

/** How a request ended for its caller. What it asks for may be carried out all the same. */
function outcomeOf({ outcome, hasCallerLeft }: RequestContext): Outcome {
  return hasCallerLeft ? clientClosed : (outcome ?? clientClosed)
}

/** Milliseconds as records hold them: to the microsecond. */
export function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000
}

// The part of each header that cannot be a secret: a known type, or the name and version of a client.
const chosen = [
  [
    'content-type',
    /^(?:application\/(?:json|xml|xhtml\+xml|x-www-form-urlencoded)|multipart\/form-data|text\/(?:xml|plain|html))(?![\w.+-])/i,
  ],
  ['user-agent', /^[A-Za-z][A-Za-z_-]{0,31}\/\d{1,6}(?:\.\d{1,6}){0,3}(?![\w.-])/],
] as const

function chosenHeaders(request: RequestContext): Record<string, string> | undefined {
  let headers: Record<string, string> | undefined
  for (const [name, form] of chosen) {
    const value = form.exec(request.header(name) ?? '')?.[0]
    if (value !== undefined) headers = { ...headers, [name]: value }
  }
  return headers
}
