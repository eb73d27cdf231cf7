import { verify } from 'node:crypto'
import { findContentDigestFault } from '../../authenticate/message-signature/content-digest.ts'
import type { MessageSignatureSettings } from '../../authenticate/message-signature/message-signature-settings.ts'
import { verifyBase } from '../../authenticate/message-signature/signature-algorithm.ts'
import { signatureBase } from '../../authenticate/message-signature/signature-base.ts'
import {
  type MessageSignature,
  readMessageSignature,
} from '../../authenticate/message-signature/signature-input.ts'
import {
  type VerificationKey,
  verificationKey,
} from '../../authenticate/message-signature/verification-key.ts'
import { redacted } from '../../contract/secret.ts'
import { presentedDigest } from '../../record/redaction/evidence-redaction.ts'
import { redactTokenShapes } from '../../record/redaction/token-shapes.ts'
import { digestFinding } from './body-variants.ts'
import { type ClientKey, clientKeys } from './client-keys.ts'
import { clockOffset } from './clock-offset.ts'
import { explainBase } from './explain-base.ts'
import type { SignatureFindings } from './explanation.ts'
import { type Attempt, base64Encodings, hmacAttempt, rightSignatures } from './find-cause.ts'
import { messageStrings } from './message-strings.ts'
import type { SchemeCase } from './scheme-case.ts'

/** Explains a signature of scheme `rfc9421`. */
export function explainMessageSignature(
  settings: MessageSignatureSettings,
  schemeCase: SchemeCase,
): SignatureFindings {
  const { request, reason, clientString, origin } = schemeCase
  const found = readMessageSignature(request.rawHeaders, settings.tag)
  // There is no string in this case, and the reason says what is wrong.
  if ('reason' in found) return { lines: [], unshown: [] }
  const { method, target, rawHeaders } = request
  const message = { method, path: target.path, query: target.query, rawHeaders }
  const computed = signatureBase(message, origin, found.components, found.signatureParams)
  if (typeof computed === 'object') return { lines: [], unshown: [] }
  const hmacKeys = clientKeys(
    settings.keys.flatMap(({ id, secret }) => (secret ? [{ id, value: secret }] : [])),
  )
  const lines = explainBase({
    computed,
    strings: messageStrings(message, found, schemeCase),
    attempt: attemptOf(settings, found, hmacKeys),
    toLines: (base) => base,
    show: showLine,
    isVerified: reason === undefined,
    clientString,
  })
  return {
    lines: [...lines, ...digestFindings(schemeCase), ...clockOf(settings, found, schemeCase.atMs)],
    unshown: rightSignatures(hmacKeys, computed),
  }
}

function attemptOf(
  settings: MessageSignatureSettings,
  { signature, parameters: { keyid } }: MessageSignature,
  hmacKeys: readonly ClientKey[],
): Attempt {
  const presented = presentedDigest(signature.toString('base64'))
  const misnamed = ({ id }: { readonly id: string }) =>
    id === keyid ? [] : [`used the key ${id}, which is not the one that keyid names`]
  const keys = hmacKeys.map((key) => ({ ...key, causes: [...key.causes, ...misnamed(key)] }))
  const byHmac = hmacAttempt(presented, keys, base64Encodings)
  const publicKeys = settings.keys
    .map(verificationKey)
    .filter((key) => 'key' in key && key.algorithm !== 'hmac-sha256') as VerificationKey[]
  return (signed, mostCauses) => {
    const found = byHmac(signed, mostCauses)
    if (found !== undefined) return found
    for (const key of publicKeys) {
      const causes = keyCauses(key, `${signed}`, signature)
      const all = causes && [...causes, ...misnamed(key)]
      if (all !== undefined && all.length <= mostCauses) return { keyId: key.id, causes: all }
    }
    return undefined
  }
}

/** What the client did differently with a key; undefined if the signature was not made with this key. */
function keyCauses(
  { algorithm, key }: VerificationKey,
  base: string,
  signature: Buffer,
): string[] | undefined {
  if (verifyBase(algorithm, key, base, signature)) return []
  if (algorithm !== 'ecdsa-p256-sha256') return undefined
  const isDer = verify('sha256', Buffer.from(base), { key, dsaEncoding: 'der' }, signature)
  return isDer ? ['sent the signature in DER, and not as r and s of 32 octets'] : undefined
}

const shownFields = /^"(?:@.*|content-(?:type|digest|length)|date|host)"/

/** A covered field may contain a credential, and path and query what a caller chose. */
function showLine(line: string): string {
  if (/^"@signature-params"|^"content-digest"/.test(line)) return line
  if (shownFields.test(line) || !line.startsWith('"')) return redactTokenShapes(line)
  return line.replace(/: .*$/, `: ${redacted}`)
}

/** If the digest is not that of the body: which body it belongs to. */
function digestFindings({ request, reason }: SchemeCase): string[] {
  const { rawHeaders, body } = request
  if (!reason?.startsWith('Content-Digest')) return []
  const isOf = (bytes: Buffer) => findContentDigestFault(rawHeaders, bytes) === undefined
  return [digestFinding(body, ['Content-Digest', 'digest'], isOf)]
}

function clockOf(
  { clockSkewSeconds }: MessageSignatureSettings,
  { parameters: { created, expires } }: MessageSignature,
  atMs: number,
): string[] {
  if (created === undefined || expires === undefined) return []
  const skewMs = clockSkewSeconds * 1000
  const behindMs = (expires - created) * 1000 + skewMs
  return [clockOffset(created, { atMs, behindMs, aheadMs: skewMs })]
}
