import { redacted } from '../../contract/secret.ts'

/**
 * Redacts the parts of a path or query, and gives one more if there are too many: most parts are longer when they are
 * redacted, and a caller can send thousands.
 */
export function showParts(
  parts: readonly string[],
  most: number,
  redact: (part: string) => string,
): string[] {
  const shown = parts.slice(0, most).map(redact)
  return parts.length > most ? [...shown, redacted] : shown
}

/** How many parameters of a query are shown. */
export const maxParameters = 256
