import type { Secret } from '../contract/secret.ts'
import { compileKnownSecrets, type Redact } from './known-secrets.ts'
import { compileShapes, type ShapeSettings } from './token-shapes.ts'

/** Compiles what every finished line goes through: the search for known secrets, then for shapes. */
export function compileRedaction(
  secrets: readonly Secret[],
  settings: ShapeSettings = { emails: false },
): Redact {
  const redactKnown = compileKnownSecrets(secrets.map((secret) => secret.reveal()))
  const redactShapes = compileShapes(settings, redactKnown)
  return (line) => redactShapes(redactKnown(line))
}
