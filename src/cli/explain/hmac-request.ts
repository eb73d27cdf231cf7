import { hash } from 'node:crypto'
import { presentedDigest } from '../../record/redaction/evidence-redaction.ts'
import type { RequestContext } from '../../request-context.ts'

/** The parts of a request that the schemes `body` and `canonical` use. */
export interface HmacRequest {
  readonly method: string
  readonly path: string
  /** The query without its `?`; empty if there is none. */
  readonly query: string
  /** Whether some of path and query is only known from the client. */
  readonly isTargetGiven?: boolean
  /** `X-Timestamp` and `X-Nonce` as sent; empty if they are missing. */
  readonly timestamp: string
  readonly nonce: string
  /** Undefined if only the digest of the body is known. */
  readonly body: Buffer | undefined
  /** Hex. */
  readonly bodySha256: string
  /** The body that the client says it sent, if another one arrived. */
  readonly sentBody?: Buffer | undefined
  /** The `presentedDigest` of `X-Signature`; undefined if there is none. */
  readonly presented: string | undefined
}

/** The parts that the two schemes use, taken from a complete request. */
export function hmacRequestOf(request: RequestContext): HmacRequest {
  const { method, target, body } = request
  const signature = request.header('x-signature')
  return {
    method,
    path: target.path,
    query: target.query ?? '',
    timestamp: request.header('x-timestamp') ?? '',
    nonce: request.header('x-nonce') ?? '',
    body,
    bodySha256: hash('sha256', body),
    presented: signature === undefined ? undefined : presentedDigest(signature),
  }
}
