import { Type } from 'typebox'
import type { Secret } from './secret.ts'

/*
 * Shorter secrets can be guessed, and searching log lines for them would redact ordinary words.
 */
const minSecretLength = 16

/** The syntax of a bearer token (RFC 6750, section 2.1): token68 of RFC 9110, section 11.2. */
export const bearerTokenSyntax = '[A-Za-z0-9._~+/-]+=*'

/** The longest token that a request can carry beside its other headers, characters. */
const longestToken = 8_192

/**
 * A setting that holds a bearer token. It must be one that a header can carry: nobody could ever present
 * one with a space or a line break in it, or one that is longer than all headers of a request may be.
 */
export function BearerTokenSetting(description: string) {
  return Type.Unsafe<Secret>({
    ...SecretSetting(description),
    secretForm: {
      pattern: `^(?!.{${longestToken + 1}})${bearerTokenSyntax}$`,
      expected: `a token of letters, digits and - . _ ~ + / (and = at its end), ${longestToken} at most`,
    },
  })
}

/**
 * A setting that holds a secret: `env:NAME` or `file:PATH` in the file, a {@link Secret} once the
 * configuration is loaded. A secret in plain text does not match.
 * @param minLength fewest characters that the secret may have
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

/**
 * A setting that holds a user name: a reference like a secret, but not removed from records and logs. It may be an
 * ordinary word, such as the name of the integration, and records without that word would be of no use.
 */
export function UserNameSetting(description: string) {
  return Type.Unsafe<Secret>({ ...SecretSetting(description, 1), isUserName: true })
}

/** A setting that holds a URL with or without a password in it, so that `redis://redis` is long enough. */
export function SecretUrlSetting(description: string) {
  return SecretSetting(description, 1)
}
