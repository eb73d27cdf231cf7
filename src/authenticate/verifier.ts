import type { RequestContext, SignatureEvidence } from '../request-context.ts'

/** What is known once a signature has been verified. */
export interface VerifiedSignature {
  /** The id of the key or secret with which it was made. */
  readonly keyId: string
  /** The nonce, which may be used only once, and how long that has to be remembered. */
  readonly nonce?: { readonly value: string; readonly ttlMs: number }
  /** For a signature without nonce and time: equal for all repetitions of the same write. */
  readonly repeatKey?: string
}

/** Why a signature is refused; for the audit only. */
export interface RefusedSignature {
  readonly reason: string
  /** Present if the signature is well-formed but does not verify. */
  readonly evidence?: SignatureEvidence | undefined
  /** Whether it has cost the use of a key; what is refused by its form has not. */
  readonly isTried?: boolean
}

/**
 * Verifies the signature of a request by one scheme. The result depends only on the request and the time.
 * @param nowMs milliseconds since the epoch
 */
export type SignatureVerifier = (
  request: RequestContext,
  nowMs: number,
) => VerifiedSignature | RefusedSignature
