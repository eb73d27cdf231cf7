import { redacted, type Secret } from '../secret.ts'

/** Strikes every secret out of a finished line of text. */
export type Redact = (line: string) => string

/*
 * What looks like a credential whoever issued it: a JSON Web Token, a word after an authorization
 * scheme, and what Magento's tokens and keys and digests in hex look like.
 */
const tokenShapes = new RegExp(
  [
    String.raw`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`,
    String.raw`(?<=\b(?:Bearer|Basic|OAuth)(?: |%20|\+))[^\s"\\]+`,
    String.raw`(?<![A-Za-z0-9])(?=[a-z]*\d)(?=\d*[a-z])[a-z0-9]{32}(?![A-Za-z0-9])`,
    '(?<![A-Za-z0-9])[0-9a-fA-F]{40,128}(?![A-Za-z0-9])',
  ].join('|'),
  'g',
)

/** Strikes out what has the shape of a token, in text that a caller chose. */
export const redactTokenShapes: Redact = (text) => text.replace(tokenShapes, redacted)

/**
 * Compiles a redactor for the secrets of the configuration, in plain, percent-encoded, base64,
 * base64url, hex and JSON-escaped form.
 */
export function compileRedaction(secrets: readonly Secret[]): Redact {
  // A user name may be an ordinary word; what is as short as one is no secret by itself.
  const texts = secrets.map((secret) => secret.reveal()).filter((text) => text.length >= 7)
  const forms = new Set(texts.flatMap(formsOf))
  if (forms.size === 0) return (line) => line
  // Longest first, so that none leaves the rest of a longer one behind.
  const longestFirst = [...forms].sort((one, other) => other.length - one.length)
  const known = new RegExp(longestFirst.map(RegExp.escape).join('|'), 'g')
  return (line) => line.replace(known, redacted)
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  return [
    secret,
    secret.toUpperCase(),
    secret.toLowerCase(),
    encodeURIComponent(secret),
    encodeURIComponent(secret).replace(/%../g, (triplet) => triplet.toLowerCase()),
    JSON.stringify(secret).slice(1, -1),
    // Padding depends on what follows the secret, so the encoded form is searched for without it.
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
  ]
}
