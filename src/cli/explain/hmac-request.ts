import { hash } from 'node:crypto'
import { presentedDigest } from '../../record/evidence-redaction.ts'
import type { RequestContext } from '../../request-context.ts'

/** What the schemes `body` and `canonical` look at in a request. */
export interface HmacRequest {
  readonly method: string
  readonly path: string
  /** Without its `?`; empty where there is none. */
  readonly query: string
  /** `X-Timestamp` and `X-Nonce` as sent; empty where they are missing. */
  readonly timestamp: string
  readonly nonce: string
  /** Undefined where only its digest is known. */
  readonly body: Buffer | undefined
  /** Hex. */
  readonly bodySha256: string
  /** What the client says it sent, where something else arrived. */
  readonly sentBody?: Buffer | undefined
  /** `presentedDigest` of `X-Signature`; undefined where there is none. */
  readonly presented: string | undefined
}

/** What the two schemes look at in a request that is all there. */
export function hmacRequestOf(request: RequestContext): HmacRequest {
  const { method, target, body } = request
  const signature = request.header('x-signature')
  return {
    method,
    path: target?.path ?? '',
    query: target?.query ?? '',
    timestamp: request.header('x-timestamp') ?? '',
    nonce: request.header('x-nonce') ?? '',
    body,
    bodySha256: hash('sha256', body),
    presented: signature === undefined ? undefined : presentedDigest(signature),
  }
}
