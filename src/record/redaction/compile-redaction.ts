import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Secret } from '../../contract/secret.ts'
import { percentDecode } from '../../syntax/percent-encoding.ts'
import { mendEscapes } from './json-escapes.ts'
import { compileKnownSecrets, type Redact } from './known-secrets.ts'
import { compileShapes, type ShapeSettings } from './token-shapes.ts'

/** Compiles the search that every finished line goes through: first for known secrets, then for the shapes of tokens. */
export function compileRedaction(
  secrets: readonly Secret[],
  settings: ShapeSettings = { emails: false },
): Redact {
  const steps = compileKnownSecrets(revealed(secrets))
  let step = steps.next()
  while (!step.done) step = steps.next()
  return withShapes(step.value, settings)
}

/** The same as {@link compileRedaction}, in many turns of the event loop, so that requests are served meanwhile. */
export async function compileRedactionInTurns(
  secrets: readonly Secret[],
  settings: ShapeSettings,
): Promise<Redact> {
  const steps = compileKnownSecrets(revealed(secrets))
  let step = steps.next()
  while (!step.done) {
    await nextTurn()
    step = steps.next()
  }
  return withShapes(step.value, settings)
}

function revealed(secrets: readonly Secret[]): string[] {
  return secrets.flatMap((secret) => {
    const text = secret.reveal()
    return text.includes('://') ? [text, ...passwordOf(text)] : [text]
  })
}

/** The password of a URL, as it stands there and decoded; none if it has no password or is not a URL. */
function passwordOf(text: string): string[] {
  const { password = '' } = URL.parse(text) ?? {}
  return password === '' ? [] : [password, percentDecode(password) ?? password]
}

function withShapes(redactKnown: Redact, settings: ShapeSettings): Redact {
  const redactShapes = compileShapes(settings, redactKnown)
  return (line) => redactShapes(mendEscapes(line, redactKnown(line)))
}
