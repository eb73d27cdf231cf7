import type { SignedParts } from '../../authenticate/oauth1/base-string.ts'
import { reject } from '../../problem.ts'
import type { AuthorizeUpstream, UpstreamAttempt } from '../upstream-credentials.ts'
import type { Oauth1Credentials } from '../upstream-settings.ts'
import type { Dialect } from './dialect.ts'
import type { DialectMemory } from './dialect-memory.ts'
import { newFreshness } from './new-freshness.ts'
import { rewriteQuery } from './rewrite-query.ts'
import { prepareSigning } from './sign-request.ts'
import { isSignatureRefusal } from './signature-refusal.ts'

/** Everything that signing the requests of an integration needs. */
export interface Oauth1Signer {
  readonly credentials: Oauth1Credentials
  /** Origin of Magento's public URL, as `URL` gives it. */
  readonly origin: string
  /** Shared by all integrations, since it is about Magento and not about them. */
  readonly memory: DialectMemory
  /** Milliseconds, never running backwards. */
  readonly clock: () => number
}

/** How long no second dialect is tried after both were refused, which means that the secrets are wrong. */
const pauseMs = 60_000

/**
 * Prepares signing the requests of an integration. Each attempt is to be sent only once, since Magento accepts no nonce
 * twice. If Magento refuses the signature of the first one, and the other dialect would sign differently, it gives a
 * second one in that dialect. Nothing has been carried out then, so even a write may be sent again.
 */
export function prepareOauth1({
  credentials,
  origin,
  memory,
  clock,
}: Oauth1Signer): AuthorizeUpstream {
  const sign = prepareSigning(credentials)
  let pausedUntil = Number.NEGATIVE_INFINITY

  function attempt(
    parts: SignedParts,
    dialect: Dialect,
    after: NonNullable<UpstreamAttempt['after']>,
  ): UpstreamAttempt {
    const { authorization } = sign(parts, dialect, newFreshness())
    return { authorization, query: parts.query, after }
  }

  function attemptOther(parts: SignedParts, refused: Dialect): UpstreamAttempt | undefined {
    const other = memory.alternativeTo(refused)
    if (other === undefined || clock() < pausedUntil) return undefined
    const freshness = newFreshness()
    const baseStrings = [refused, other].map(
      (dialect) => sign(parts, dialect, freshness).baseString,
    )
    if (baseStrings[0] === baseStrings[1]) return undefined
    return attempt(parts, other, (status, body) => {
      if (isSignatureRefusal(status, body)) pausedUntil = clock() + pauseMs
      // An overloaded server may not have checked the signature.
      else if (status < 500 && status !== 429) memory.remember(other)
      return undefined
    })
  }

  return ({ method, target }) => {
    const rewritten = rewriteQuery(target.query)
    if ('fault' in rewritten) {
      return reject('bad-request-target', rewritten.fault, { detail: rewritten.fault })
    }
    const parts = { method, origin, path: target.path, query: rewritten.query }
    const dialect = memory.current
    return attempt(parts, dialect, (status, body) =>
      isSignatureRefusal(status, body) ? attemptOther(parts, dialect) : undefined,
    )
  }
}
