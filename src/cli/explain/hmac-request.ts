import { hash } from 'node:crypto'
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
  /** {@link presentedDigest} of `X-Signature`; undefined where there is none. */
  readonly presented: string | undefined
}

/**
 * SHA-256 in hex of a signature as presented, hex in lower case: enough to recognise it by, and not
 * the signature.
 */
export function presentedDigest(signature: string): string {
  return hash('sha256', /^[0-9a-f]+$/i.test(signature) ? signature.toLowerCase() : signature)
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
