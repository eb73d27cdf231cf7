import { errorCode } from '../contract/error-code.ts'
import { type Rejection, reject } from '../problem.ts'
import { retryAfterSeconds } from '../syntax/retry-after.ts'

/** The whole exchange with Magento took too long. */
export class TotalTimeoutError extends Error {
  readonly code = 'TOTAL_TIMEOUT'
}

/** The caller left before it had its answer. */
export class ClientGoneError extends Error {
  readonly code = 'CLIENT_GONE'
}

/** No connection to Magento was established, so nothing of the request was sent. It has the code of its cause. */
export class UnreachableError extends Error {
  readonly code: string

  constructor(cause: Error) {
    super('no connection to Magento could be established', { cause })
    this.code = errorCode(cause)
  }
}

/** The answer has a transfer coding that the gateway did not ask for and cannot decode (RFC 9112, section 7.4). */
export class TransferCodingError extends Error {
  readonly code = 'TRANSFER_CODING'
}

const timeouts = new Set([
  'ETIMEDOUT',
  'TOTAL_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
])

/** The answer to the caller if Magento's is longer than what is read of it for an endpoint or a job. */
export const answerTooLong = reject('upstream-failed', 'the answer is too long')

/** Whether the exchange ended because it took too long as a whole. */
export function isTotalTimeout({ reason }: Rejection): boolean {
  return reason === 'TOTAL_TIMEOUT'
}

/**
 * The answer to the caller when the exchange with Magento failed; its reason is the code of the error.
 * @returns undefined for a defect of the gateway, which says nothing about Magento
 */
export function upstreamFailure(error: unknown): Rejection | undefined {
  const code = errorCode(error)
  // JavaScript and Node throw these. What undici, the system and TLS tell of a connection has other classes.
  if (error instanceof TypeError || error instanceof RangeError) return undefined
  if (timeouts.has(code)) return reject('upstream-timeout', code)
  const isUnreachable = error instanceof UnreachableError
  return reject(isUnreachable ? 'upstream-unreachable' : 'upstream-failed', code)
}

/**
 * The answer to the caller in place of an error page. Magento's REST API speaks JSON, so a page of another
 * type comes from a web server in front of it, from PHP itself or from maintenance mode (Magento:
 * pub/errors/503.php), and may reveal what callers should not see. A status above 599 is an error too, and none that a
 * caller could be given (RFC 9110, section 15).
 * @returns undefined for an answer that is to be passed on
 */
export function errorPage(
  status: number,
  contentType: string | undefined,
  retryAfter: string | undefined,
): Rejection | undefined {
  const isOfApi = contentType !== undefined && /\bjson\b/i.test(contentType)
  if (status < 500 || (isOfApi && status < 600)) return undefined
  const seconds = retryAfterSeconds(retryAfter, Date.now())
  const code =
    status === 503 ? 'upstream-unavailable' : status === 504 ? 'upstream-timeout' : 'upstream-error'
  return reject(code, `error page with status ${status}`, {
    ...(seconds !== undefined && { retryAfterSeconds: seconds }),
  })
}
