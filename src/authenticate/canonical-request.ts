import { createHash } from 'node:crypto'
import type { RequestContext } from '../request-context.ts'
import { findSigningKey, type SharedSecret, signingKeys } from './shared-secrets.ts'
import { findTimeFault, nonceTtlMs } from './signature-age.ts'
import type { SignatureVerifier } from './verifier.ts'

/** The parts of which the canonical string of a request consists. */
export interface CanonicalParts {
  /** `X-Timestamp`: seconds since the epoch. */
  readonly timestamp: string
  /** `X-Nonce` */
  readonly nonce: string
  readonly method: string
  /** The path as sent, byte for byte. */
  readonly path: string
  /** The query as sent, without the `?`; empty if there is none. */
  readonly query: string
  readonly body: Uint8Array | string
}

/**
 * The string that is signed with scheme `canonical`: seven lines joined by line feeds, without one at the end. No line
 * can contain a line feed, so no two different requests have the same string.
 */
export function canonicalRequest(parts: CanonicalParts): string {
  const { timestamp, nonce, method, path, query, body } = parts
  const digest = createHash('sha256').update(body).digest('hex')
  return ['magegate-v1', timestamp, nonce, method, path, query, digest].join('\n')
}

/** Settings of the scheme `canonical`. */
export interface CanonicalSignatureSettings {
  readonly secrets: readonly SharedSecret[]
  /** How far the caller's time may differ from ours in either direction, in milliseconds. */
  readonly maxAgeMs: number
}

const nonceForm = /^[A-Za-z0-9._~-]{16,128}$/

/**
 * Verifies scheme `canonical`: `X-Signature` is the hex HMAC-SHA256 over {@link canonicalRequest}. The nonce is only
 * returned here and marked as used later (replay-guard), so that nobody can use up nonces without the secret.
 */
export function canonicalSignature(settings: CanonicalSignatureSettings): SignatureVerifier {
  const keys = signingKeys(settings.secrets)
  const { maxAgeMs } = settings
  return (request, nowMs) => {
    const timestamp = request.header('x-timestamp') ?? ''
    const nonce = request.header('x-nonce') ?? ''
    const timeFault = findTimeFault('X-Timestamp', timestamp, maxAgeMs, nowMs)
    if (timeFault !== undefined) return { reason: timeFault }
    if (!nonceForm.test(nonce)) return { reason: 'X-Nonce is not 16 to 128 unreserved characters' }
    const signed = canonicalRequest({ timestamp, nonce, ...partsOf(request) })
    const signature = request.header('x-signature')
    const found = findSigningKey(keys, signed, signature, nowMs)
    if ('reason' in found) {
      return {
        ...found,
        evidence: signature ? { scheme: 'canonical', computed: signed, signature } : undefined,
      }
    }
    return { keyId: found.id, nonce: { value: nonce, ttlMs: nonceTtlMs(timestamp, nowMs) } }
  }
}

/** The parts of the canonical string that come from the request itself rather than from signature headers. */
function partsOf({ method, target, body }: RequestContext) {
  return { method, path: target.path, query: target.query ?? '', body }
}
