import { Type } from 'typebox'
import type { Secret } from './secret.ts'

/*
 * Shorter ones can be guessed, and could not be searched for in log lines without striking out
 * ordinary words.
 */
const minSecretLength = 16

/**
 * A setting that holds a secret: `env:NAME` or `file:PATH` in the file, a {@link Secret} once the
 * configuration is loaded. A secret in plain does not match.
 * @param minLength characters that it has at least
 */
export function SecretSetting(description: string, minLength: number = minSecretLength) {
  return Type.Unsafe<Secret>(
    Type.String({
      pattern: '^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$',
      description: `${description} A reference, env:NAME or file:PATH; never the secret itself.`,
      expected: 'a reference to a secret, env:NAME or file:PATH (a secret in plain is refused)',
      reference: 'secret',
      minSecretLength: minLength,
    }),
  )
}
