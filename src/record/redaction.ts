import type { Secret } from '../contract/secret.ts'
import { compileKnownSecrets, type Redact } from './known-secrets.ts'
import { compileShapes, type ShapeSettings } from './token-shapes.ts'

/** Compiles the search that every finished line goes through: first for known secrets, then for the shapes of tokens. */
export function compileRedaction(
  secrets: readonly Secret[],
  settings: ShapeSettings = { emails: false },
): Redact {
  const redactKnown = compileKnownSecrets(secrets.map((secret) => secret.reveal()))
  const redactShapes = compileShapes(settings, redactKnown)
  return (line) => redactShapes(redactKnown(line))
}
