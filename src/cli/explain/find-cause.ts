import { createHmac } from 'node:crypto'
import { presentedDigest } from '../../record/redaction/evidence-redaction.ts'
import type { ClientKey } from './client-keys.ts'
import type { ClientString } from './client-strings.ts'
import { mostChanges } from './variant.ts'

/** The key with which a signature was made, and what the client did differently when it made it. */
export interface KeyFound {
  readonly keyId: string
  readonly causes: readonly string[]
}

/** How the presented signature was made. */
export interface FoundCause extends KeyFound {
  readonly string: ClientString
}

/**
 * Tries whether the presented signature was made over a string.
 * @param mostCauses explanations with more causes than this are not tried
 */
export type Attempt = (signed: string | Buffer, mostCauses: number) => KeyFound | undefined

/**
 * Finds the string and the key with which the presented signature was made, by trying them out, so a match is certain.
 * The explanation with the fewest causes wins.
 */
export function findCause(
  strings: readonly ClientString[],
  attempt: Attempt,
): FoundCause | undefined {
  let best: FoundCause | undefined
  for (const string of strings) {
    const most = (best?.causes.length ?? mostChanges + 1) - 1 - string.causes.length
    if (most < 0) continue
    const found = attempt(string.signed, most)
    if (found === undefined) continue
    best = { string, keyId: found.keyId, causes: [...string.causes, ...found.causes] }
  }
  return best
}

/** Encodes an HMAC in several ways; those that are not the scheme's own encoding come with a cause. */
export type Encodings = (hmac: Buffer) => readonly (readonly [text: string, cause?: string])[]

/**
 * Builds an attempt that tries HMACs.
 * @param presented the {@link presentedDigest} of the signature
 */
export function hmacAttempt(
  presented: string,
  keys: readonly ClientKey[],
  encodings: Encodings,
): Attempt {
  return (signed, mostCauses) => {
    let best: KeyFound | undefined
    for (const { id, key, algorithm, causes } of keys) {
      const most = Math.min(mostCauses, (best?.causes.length ?? mostCauses + 1) - 1)
      if (causes.length > most) continue
      const hmac = createHmac(algorithm, key).update(signed).digest()
      for (const [text, cause] of encodings(hmac)) {
        const all = cause === undefined ? causes : [...causes, cause]
        if (all.length <= most && presentedDigest(text) === presented) {
          best = { keyId: id, causes: all }
          break
        }
      }
    }
    return best
  }
}

/** The encodings of `X-Signature`. */
export const hexEncodings: Encodings = (hmac) => {
  const hex = hmac.toString('hex')
  return [
    [hex],
    [hmac.toString('base64'), 'sent the signature in base64, and not in hex'],
    [hmac.toString('base64url'), 'sent the signature in base64url, and not in hex'],
    [Buffer.from(hex).toString('base64'), 'sent the hex digits of the signature in base64'],
    [`sha256=${hex}`, 'sent the signature with the prefix sha256='],
  ]
}

/** The encodings of schemes that use base64. */
export const base64Encodings: Encodings = (hmac) => {
  const hex = hmac.toString('hex')
  return [
    [hmac.toString('base64')],
    [hex, 'sent the signature in hex, and not in base64'],
    [hmac.toString('base64url'), 'sent the signature in base64url, and not in base64'],
    [Buffer.from(hex).toString('base64'), 'sent the hex digits of the signature in base64'],
  ]
}

/** The right signatures of a string, as text. Whoever reads one of them could send the request. */
export function rightSignatures(keys: readonly ClientKey[], computed: string | Buffer): string[] {
  return keys
    .filter(({ causes }) => causes.length === 0)
    .flatMap(({ key, algorithm }) => {
      const right = createHmac(algorithm, key).update(computed).digest()
      return [right.toString('hex'), right.toString('base64'), right.toString('base64url')]
    })
}
