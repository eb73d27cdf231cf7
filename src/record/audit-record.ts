import { hash } from 'node:crypto'
import type { CacheUse } from '../contract/cache-rule.ts'
import type { ReportedRefusal, RequestContext } from '../request-context.ts'
import { clientClosed } from '../server/answer.ts'
import type { ShowBody } from './body-redaction.ts'
import { type RecordedSignature, recordedSignature } from './evidence-redaction.ts'
import { redactPath } from './path-redaction.ts'
import { redactQuery } from './query-redaction.ts'
import { namedSubjects } from './subjects.ts'
import { redactTokenShapes } from './token-shapes.ts'

/** What is written of one request, whatever became of it. Fields without a value are left out
 * of the line. `seq`, `prev` and `hash` come to it when it is written. */
export interface AuditRecord {
  /** Version of this form. */
  readonly v: 1
  /** Of the end of a job or of its call-back; absent of a request. */
  readonly event?: 'job-ended' | 'callback-ended'
  /** ISO 8601, UTC: when the request arrived. */
  readonly time: string
  readonly requestId: string
  /** W3C Trace Context trace id. */
  readonly traceId: string
  /** Who the caller is: verified. */
  readonly integration: string | undefined
  /** Who the caller said it is; before it is verified, anybody can say that. */
  readonly claimed: string | undefined
  /** Resolved through trusted proxies, or the remote IP where the request was refused before. */
  readonly clientIp: string | undefined
  readonly method: string
  /** The granted route pattern. */
  readonly route: string | undefined
  /** Redacted; absent when the target was not understood. */
  readonly path: string | undefined
  /** Redacted. */
  readonly query: string | undefined
  readonly status: number
  /** Code of the refusal or failure; absent for an answer of Magento. */
  readonly code: string | undefined
  /** For the operator only. */
  readonly reason: string | undefined
  /** Step or policy that refused. */
  readonly policy: string | undefined
  /** Milliseconds from arrival to the end of the answer. */
  readonly durationMs: number
  /** Milliseconds of these that Magento took. */
  readonly upstreamMs: number | undefined
  readonly upstreamStatus: number | undefined
  /** Bytes of the request body. */
  readonly bytesIn: number
  /** Bytes of the answer's body. */
  readonly bytesOut: number
  /** Hex SHA-256 of the request body. */
  readonly bodySha256: string | undefined
  /** What the response cache had to do with it; absent where its route has none. */
  readonly cache: CacheUse | undefined
  /** Limits that the request went beyond and that are only reported. */
  readonly reportedLimits: readonly string[] | undefined
  /** What policies that only report would have refused. */
  readonly reported: readonly ReportedRefusal[] | undefined
  /** SKUs that path and body name. */
  readonly skus: readonly string[] | undefined
  /** Ids of orders that path and body name. */
  readonly orderIds: readonly string[] | undefined
  /** Ids of jobs that path and body name. */
  readonly jobIds: readonly string[] | undefined
  /** {@link HashToken} of the bearer token that was presented. */
  readonly tokenHash: string | undefined
  /** Id of the secret that verified the signature. */
  readonly keyId: string | undefined
  /** Of a signature that does not verify: what `explain` finds the cause by. */
  readonly signature: RecordedSignature | undefined
  /** Chosen headers, cut down to what is harmless. */
  readonly headers: Readonly<Record<string, string>> | undefined
  /** Redacted JSON, cut to a length; only where the route's configuration asks for it. */
  readonly requestBody: string | undefined
  /** The same of Magento's answer. */
  readonly answerBody: string | undefined
}

/**
 * A keyed hash of a bearer token, of which the digest is given, hex: requests with one token can be found by
 * it, and without the key no token can be tried against it.
 */
export type HashToken = (digest: string) => string

/** What a record is built with. */
export interface RecordSettings {
  readonly hashToken: HashToken
  readonly showBody: ShowBody
}

/** Builds the record of a request. */
export type BuildRecord = (request: RequestContext) => AuditRecord

/** Builds records from an allow-list of what is known of their requests. */
export function prepareAuditRecord(settings: RecordSettings): BuildRecord {
  return (request) => auditRecord(request, settings)
}

function auditRecord(
  request: RequestContext,
  { hashToken, showBody }: RecordSettings,
): AuditRecord {
  const outcome = request.outcome ?? clientClosed
  const { upstream, target, body, keptAnswer, auditDetails, bearerDigest } = request
  const { skus, orderIds, jobIds } = namedSubjects(request)
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
    durationMs: milliseconds(request.endedAt - request.startedAt),
    upstreamMs: milliseconds(upstream?.durationMs),
    upstreamStatus: upstream?.status,
    bytesIn: body.length,
    bytesOut: request.bytesOut,
    bodySha256: body.length === 0 ? undefined : hash('sha256', body),
    cache: request.cacheUse,
    reportedLimits: request.reportedLimits,
    reported: request.reported,
    skus: skus?.map(redactTokenShapes),
    orderIds: orderIds?.map(redactTokenShapes),
    jobIds: request.jobId === undefined ? jobIds : [request.jobId],
    tokenHash: bearerDigest && hashToken(bearerDigest),
    keyId: request.keyId,
    signature: recordedSignature(request),
    headers: chosenHeaders(request),
    requestBody: shownBody(body, auditDetails?.requestBody),
    answerBody: shownBody(keptAnswer?.body, auditDetails?.answerBody),
  }
}

/** Milliseconds as records hold them: to the microsecond. */
export function milliseconds(value: number): number
export function milliseconds(value: number | undefined): number | undefined
export function milliseconds(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * 1000) / 1000
}

// Of a header only what it can say that is no secret: a known type, the name and version of a client.
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
