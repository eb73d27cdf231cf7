/**
 * Every way in which the gateway itself answers with an error: code, HTTP status, title and the
 * default public explanation. `docs/problems.md` has one entry for each code.
 */
export const problems = {
  'malformed-http': [
    400,
    'Malformed HTTP message',
    'The bytes received are not an HTTP/1.1 request.',
  ],
  'bad-request': [400, 'Bad request', 'The request is not one that the gateway accepts.'],
  'bad-request-target': [
    400,
    'Bad request target',
    'The path or query has a form that the gateway does not accept.',
  ],
  'query-not-allowed': [
    400,
    'Query parameter not allowed',
    'A write may carry no query parameter but "fields".',
  ],
  'attack-refused': [
    400,
    'Request refused',
    'The request has a form that attacks on Magento have.',
  ],
  'invalid-json': [400, 'Invalid JSON', 'The body is not strict JSON.'],
  'invalid-body': [400, 'Invalid body', 'The body does not match the schema of this route.'],
  unauthenticated: [401, 'Unauthorized', 'The request could not be authenticated.'],
  'https-required': [403, 'HTTPS required', 'This gateway answers requests over HTTPS only.'],
  'address-not-allowed': [
    403,
    'Address not allowed',
    'This integration may not be used from the address of the caller.',
  ],
  'route-not-granted': [
    403,
    'Route not granted',
    'This integration has no grant for this method and path.',
  ],
  'entity-not-found': [404, 'Not found', 'What the request names does not exist.'],
  'job-not-found': [404, 'No such job', 'This integration has no job with this id.'],
  'job-begun': [409, 'Job has begun', 'The job is under way or over, so it cannot be cancelled.'],
  'method-not-allowed': [
    405,
    'Method not allowed',
    'Magento REST knows GET, POST, PUT and DELETE.',
  ],
  'request-timeout': [408, 'Request timeout', 'The request did not arrive in time.'],
  'idempotency-key-required': [
    400,
    'Idempotency-Key required',
    'Requests to this route must have an Idempotency-Key.',
  ],
  'idempotency-conflict': [
    409,
    'Request with this key is running',
    'A request with this Idempotency-Key is not over yet.',
  ],
  'body-too-large': [413, 'Body too large', 'The body is larger than this gateway accepts.'],
  'unsupported-media-type': [
    415,
    'Unsupported media type',
    'A body must be application/json in UTF-8, without content coding.',
  ],
  'expectation-failed': [
    417,
    'Expectation failed',
    'The only expectation that is understood is 100-continue.',
  ],
  'idempotency-key-reused': [
    422,
    'Idempotency-Key reused',
    'Another request has had this Idempotency-Key.',
  ],
  'address-rate-limited': [429, 'Too many requests', 'Too many requests from this address.'],
  'rate-limited': [429, 'Too many requests', 'The rate limit of this integration is exceeded.'],
  'quota-exceeded': [429, 'Quota exceeded', 'The quota of this integration is used up.'],
  'concurrency-exceeded': [
    429,
    'Too many requests at once',
    'As many requests of this integration are running as may run at once.',
  ],
  'headers-too-large': [
    431,
    'Headers too large',
    'The header section is larger than this gateway accepts.',
  ],
  'internal-error': [
    500,
    'Internal error',
    'The gateway failed. The request id leads to the cause.',
  ],
  'upstream-unreachable': [502, 'Magento unreachable', 'No connection to Magento could be made.'],
  'upstream-failed': [502, 'Magento failed', 'Magento broke off before its answer was complete.'],
  'upstream-error': [502, 'Magento error', 'Magento answered with an error page.'],
  'upstream-unavailable': [
    503,
    'Magento unavailable',
    'Magento is not available, it may be in maintenance.',
  ],
  'upstream-busy': [
    503,
    'Magento busy',
    'Magento has as many requests as it takes at once. This one was not sent to it.',
  ],
  'circuit-open': [
    503,
    'Magento left alone',
    'Magento has failed too often. This request was not sent to it.',
  ],
  'gateway-busy': [
    503,
    'Gateway busy',
    'The gateway has as many request bodies as it has memory for.',
  ],
  'replay-protection-unavailable': [
    503,
    'Replay protection unavailable',
    'Signed requests cannot be taken right now.',
  ],
  'idempotency-unavailable': [
    503,
    'Idempotency unavailable',
    'Requests with an Idempotency-Key cannot be taken right now.',
  ],
  'jobs-unavailable': [
    503,
    'Jobs unavailable',
    'Requests cannot be accepted as jobs right now. Nothing of it was carried out.',
  ],
  'limits-unavailable': [
    503,
    'Limits unavailable',
    'The limits of this integration cannot be checked right now.',
  ],
  'audit-unavailable': [
    503,
    'Audit trail unavailable',
    'Writes cannot be recorded right now, so they are not taken.',
  ],
  'not-cached': [504, 'Not cached', 'Only what is cached was asked for, and nothing is.'],
  'upstream-timeout': [504, 'Magento timeout', 'Magento did not answer in time.'],
} as const satisfies Record<string, readonly [status: number, title: string, detail: string]>

/** The stable, public name of a refusal or failure; the fragment of its `type` URI. */
export type ProblemCode = keyof typeof problems

const nothingDoneCodes: ReadonlySet<string> = new Set<ProblemCode>([
  'upstream-unreachable',
  'upstream-unavailable',
  'upstream-busy',
  'circuit-open',
  'jobs-unavailable',
])

/** Whether nothing has been carried out for certain when a request ended so, and it may be repeated. */
export function isNothingDone(code: string, reason: string | undefined): boolean {
  // No connection to Magento was established.
  return nothingDoneCodes.has(code) || reason === 'UND_ERR_CONNECT_TIMEOUT'
}

/** How many violations an answer names at most. */
export const maxViolations = 20

/** One place in a request, or in an answer of Magento, that is wrong; never holds a value that was sent. */
export interface Violation {
  /** JSON Pointer (RFC 6901) to the place in a body; empty for path and query. */
  readonly pointer: string
  readonly expected: string
}

/** A refusal as data: what the caller may read, and the reason that only the audit record shows. */
export interface Rejection {
  readonly code: ProblemCode
  /** For the operator; goes to the audit record only. Must not hold a secret. */
  readonly reason: string
  /** Public text in place of the code's default. */
  readonly detail?: string
  /** Whole seconds for `Retry-After` (RFC 9110, section 10.2.3). */
  readonly retryAfterSeconds?: number
  readonly violations?: readonly Violation[]
  /** Further members of the problem document, which callers of an endpoint of the gateway look for. */
  readonly members?: Readonly<Record<string, unknown>>
  /** Names of the limits that the request exceeds. */
  readonly exceeded?: readonly string[]
}

/**
 * Makes a rejection.
 * @param code decides status, title and default detail of the answer
 * @param reason what the operator reads in the audit record
 * @param answer what the caller is told beyond the code
 */
export function reject(
  code: ProblemCode,
  reason: string,
  answer: Omit<Rejection, 'code' | 'reason'> = {},
): Rejection {
  return { code, reason, ...answer }
}

/** HTTP status of a rejection. */
export function statusOf(rejection: Rejection): number {
  return problems[rejection.code][0]
}

/**
 * The body of a refusal: RFC 9457 problem details, with the member `message` that Magento's own
 * clients look for (Magento: lib/internal/Magento/Framework/Webapi/Rest/Response.php).
 * @param typeBase base of the `type` URI
 */
export function problemBody(rejection: Rejection, requestId: string, typeBase: string): string {
  const [status, title, defaultDetail] = problems[rejection.code]
  const detail = rejection.detail ?? defaultDetail
  return JSON.stringify({
    ...rejection.members,
    type: `${typeBase}#${rejection.code}`,
    title,
    status,
    code: rejection.code,
    detail,
    message: detail,
    ...(rejection.violations && { errors: rejection.violations }),
    // draft-ietf-httpapi-ratelimit-headers, section "Problem Types".
    ...(rejection.exceeded && { 'violated-policies': rejection.exceeded }),
    ...(rejection.retryAfterSeconds !== undefined && {
      retryAfterSeconds: rejection.retryAfterSeconds,
    }),
    requestId,
  })
}
