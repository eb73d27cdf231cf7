import type { Secret } from '../../contract/secret.ts'
import { percentDecode } from '../../syntax/percent-encoding.ts'
import { mendEscapes } from './json-escapes.ts'
import { compileKnownSecrets, type Redact } from './known-secrets.ts'
import { compileShapes, type ShapeSettings } from './token-shapes.ts'

/**
 * Compiles the search that every finished line of JSON goes through: first for known secrets, then for the shapes of tokens.
 * The line stays JSON.
 */
export async function compileRedaction(
  secrets: readonly Secret[],
  settings: ShapeSettings = { emails: false },
): Promise<Redact> {
  const known = await compileKnownSecrets(revealed(secrets))
  const redactShapes = compileShapes(settings, known.inText)
  return (line) => redactShapes(mendEscapes(line, known.inJson(line)))
}

/** Redacts a text that is no JSON, with a search of {@link compileRedaction}. */
export function redactPlain(text: string, redact: Redact): string {
  return JSON.parse(redact(JSON.stringify(text))) as string
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
