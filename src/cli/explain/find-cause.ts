import { createHmac } from 'node:crypto'
import { presentedDigest } from '../../authenticate/signature-evidence.ts'
import type { ClientKey } from './client-keys.ts'
import { type ClientString, mostChanges } from './client-strings.ts'

/** How the signature that was presented came about. */
export interface FoundCause {
  readonly string: ClientString
  readonly keyId: string
  /** What the client did otherwise than the gateway; empty where it did the same. */
  readonly causes: readonly string[]
}

/**
 * Finds the string and the key that the presented signature was made with, by trying them: what fits
 * is certain. The explanation with the fewest causes wins.
 * @param presented {@link presentedDigest} of the signature
 */
export function findCause(
  presented: string,
  strings: readonly ClientString[],
  keys: readonly ClientKey[],
): FoundCause | undefined {
  let best: FoundCause | undefined
  for (const string of strings) {
    for (const { id, key, algorithm, causes } of keys) {
      const made = [...string.causes, ...causes]
      const most = Math.min(mostChanges, (best?.causes.length ?? mostChanges + 1) - 1)
      if (made.length > most) continue
      const hmac = createHmac(algorithm, key).update(string.signed).digest()
      for (const [text, cause] of encodingsOf(hmac)) {
        const all = cause === undefined ? made : [...made, cause]
        if (all.length > most || presentedDigest(text) !== presented) continue
        best = { string, keyId: id, causes: all }
        break
      }
    }
  }
  return best
}

function encodingsOf(hmac: Buffer): [text: string, cause?: string][] {
  const hex = hmac.toString('hex')
  return [
    [hex],
    [hmac.toString('base64'), 'sent the signature in base64, and not in hex'],
    [hmac.toString('base64url'), 'sent the signature in base64url, and not in hex'],
    [Buffer.from(hex).toString('base64'), 'sent the hex digits of the signature in base64'],
    [`sha256=${hex}`, 'sent the signature with the prefix sha256='],
  ]
}
