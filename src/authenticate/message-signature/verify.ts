import type { PublicOrigin } from '../../contract/public-origin.ts'
import type { RequestContext } from '../../request-context.ts'
import type { SignatureVerifier } from '../verifier.ts'
import { type Component, requiredComponents } from './component.ts'
import { findContentDigestFault } from './content-digest.ts'
import { longestSkewSeconds, type MessageSignatureSettings } from './message-signature-settings.ts'
import { findParameterFault } from './parameter-fault.ts'
import { isOfLength, verifyBase } from './signature-algorithm.ts'
import { signatureBase } from './signature-base.ts'
import { readMessageSignature } from './signature-input.ts'
import { spendOtherAlgorithm } from './spend-other-algorithm.ts'
import { type VerificationKey, verificationKey } from './verification-key.ts'

/**
 * Verifies HTTP Message Signatures (RFC 9421, section 3.2). This gateway requires that a signature covers method,
 * authority, path, query and body, that it expires, and that it has a nonce. The nonce is only returned here and marked
 * as used later (replay-guard), so that nobody can use up nonces without the key.
 * @param origin the public name of the gateway, whatever the Host header says
 */
export function prepareMessageSignature(
  settings: MessageSignatureSettings,
  origin: PublicOrigin,
): SignatureVerifier {
  const keys = new Map(settings.keys.map((own) => [own.id, importedKey(own)]))
  const [anyKey] = [...keys.values()] as [VerificationKey, ...VerificationKey[]]
  return (request, nowMs) => {
    const { target, rawHeaders, method, body } = request
    const found = readMessageSignature(rawHeaders, settings.tag)
    if ('reason' in found) return found
    const { components, parameters, signatureParams, signature } = found
    const formFault =
      findUncovered(components, request) ?? findParameterFault(parameters, settings, nowMs)
    if (formFault !== undefined) return { reason: formFault }
    const message = { method, path: target.path, query: target.query, rawHeaders }
    const base = signatureBase(message, origin, components, signatureParams)
    if (typeof base === 'object') return base
    const { keyid = '', nonce = '', expires = 0, alg } = parameters
    const key = keys.get(keyid)
    // An unknown keyid costs a verification as well, so that the time taken does not reveal which ids exist.
    const { algorithm, key: keyObject } = key ?? anyKey
    const isSigned = verifyBase(algorithm, keyObject, base, signature)
    const isTried = isOfLength(algorithm, signature)
    if (!isSigned && isTried) spendOtherAlgorithm(algorithm, base, signature)
    const keyFault = findKeyFault(key, alg, nowMs)
    if (keyFault !== undefined) return { reason: keyFault, isTried }
    if (!isSigned) {
      const evidence = {
        scheme: 'rfc9421',
        computed: base,
        signature: signature.toString('base64'),
      }
      // Most often an ECDSA signature in DER.
      const reason = isTried
        ? 'the signature does not verify'
        : `the signature does not have the length of ${algorithm}`
      return { reason, evidence, isTried }
    }
    if (body.length > 0 || covers(components, 'content-digest')) {
      const digestFault = findContentDigestFault(rawHeaders, body)
      if (digestFault !== undefined) return { reason: digestFault, isTried }
    }
    const ttlMs = (expires + longestSkewSeconds) * 1000 - nowMs + 1
    return { keyId: keyid, nonce: { value: nonce, ttlMs } }
  }
}

function importedKey(settings: MessageSignatureSettings['keys'][number]): VerificationKey {
  const key = verificationKey(settings)
  // The check of the configuration refuses such keys, so this can only be a defect of the gateway.
  if ('expected' in key) throw new TypeError(`key ${settings.id}: expected ${key.expected}`)
  return key
}

function findKeyFault(
  key: VerificationKey | undefined,
  alg: string | undefined,
  nowMs: number,
): string | undefined {
  if (key === undefined) return 'keyid is not one of this integration'
  // RFC 9421, section 3.2: the key determines the algorithm, never the message.
  if (alg !== undefined && alg !== key.algorithm) return `alg is not that of key ${key.id}`
  return nowMs >= key.notAfterMs ? `key ${key.id} is past its notAfter` : undefined
}

function findUncovered(
  components: readonly Component[],
  { body }: RequestContext,
): string | undefined {
  const missing = requiredComponents(body).find((name) => !covers(components, name))
  return missing === undefined ? undefined : `the signature does not cover ${missing}`
}

/** Whether a component is covered as a whole, rather than one member or parameter of it. */
function covers(components: readonly Component[], name: string): boolean {
  return components.some((component) => component.name === name && component.form === 'plain')
}
