import type { RequestContext, SignatureEvidence } from '../request-context.ts'

/** What a valid signature has proven. */
export interface VerifiedSignature {
  /** Id of the key or secret that it was made with. */
  readonly keyId: string
  /** What may be used once only, and how long that must be remembered. */
  readonly nonce?: { readonly value: string; readonly ttlMs: number }
  /** Of a signature without nonce and time: what a repeated write would have in common. */
  readonly repeatKey?: string
}

/** Why a signature is refused; for the audit only. */
export interface RefusedSignature {
  readonly reason: string
  /** Of a signature that is one and does not verify. */
  readonly evidence?: SignatureEvidence | undefined
  /** Whether it has cost the use of a key; what is refused by its form has not. */
  readonly isTried?: boolean
}

/**
 * Verifies the signature of a request by one scheme; looks at nothing but the request and the time.
 * @param nowMs milliseconds since the epoch
 */
export type SignatureVerifier = (
  request: RequestContext,
  nowMs: number,
) => VerifiedSignature | RefusedSignature
