import type { Oauth1Credentials } from './credentials.ts'
import type { Dialect } from './dialect.ts'
import type { DialectMemory } from './dialect-memory.ts'
import { newFreshness } from './new-freshness.ts'
import type { QueryFault } from './query-fault.ts'
import { rewriteQuery } from './rewrite-query.ts'
import { signRequest } from './sign-request.ts'
import { isSignatureRefusal } from './signature-refusal.ts'
import type { SignedParts } from './signed-parts.ts'

/** One signed attempt at a request; to be sent once, since Magento takes no nonce twice. */
export interface Oauth1Attempt {
  readonly authorization: string
  /** What to send in the place of the query received; undefined for none. */
  readonly query: string | undefined
  /**
   * To be called with the answer of Magento, before it is passed on.
   * @param body whole for a 401; of other answers nothing is read
   * @returns the attempt to make instead; undefined when the answer stands
   */
  readonly after: (status: number, body: Buffer) => Oauth1Attempt | undefined
}

/** What requests of one integration are signed with. */
export interface Oauth1Signer {
  readonly credentials: Oauth1Credentials
  /** Origin of Magento's public URL, as `URL` gives it. */
  readonly origin: string
  /** Shared by all integrations, since it tells of Magento. */
  readonly memory: DialectMemory
  /** Milliseconds, never running backwards. */
  readonly clock: () => number
}

/** How long no second dialect is tried after both were refused: then it is the secrets that are wrong. */
const pauseMs = 60_000

/**
 * Prepares the signing of an integration's requests. Each call gives the first attempt, and that
 * gives a second one, in the other dialect, when Magento refuses a signature that the other dialect
 * would make differently. Nothing was carried out then, so that a write too may be sent again.
 */
export function prepareOauth1(
  signer: Oauth1Signer,
): (request: Omit<SignedParts, 'origin'>) => Oauth1Attempt | QueryFault {
  const { credentials, origin, memory, clock } = signer
  let pausedUntil = Number.NEGATIVE_INFINITY

  function attempt(parts: SignedParts, dialect: Dialect, after: Oauth1Attempt['after']) {
    const { authorization } = signRequest(parts, credentials, dialect, newFreshness())
    return { authorization, query: parts.query, after }
  }

  function attemptOther(parts: SignedParts, refused: Dialect): Oauth1Attempt | undefined {
    const other = memory.alternativeTo(refused)
    if (other === undefined || clock() < pausedUntil) return undefined
    const freshness = newFreshness()
    const baseStrings = [refused, other].map(
      (dialect) => signRequest(parts, credentials, dialect, freshness).baseString,
    )
    if (baseStrings[0] === baseStrings[1]) return undefined
    return attempt(parts, other, (status, body) => {
      if (isSignatureRefusal(status, body)) pausedUntil = clock() + pauseMs
      // An overloaded server may not have come as far as the signature.
      else if (status < 500 && status !== 429) memory.remember(other)
      return undefined
    })
  }

  return ({ method, path, query }) => {
    const rewritten = rewriteQuery(query)
    if ('fault' in rewritten) return rewritten
    const parts = { method, origin, path, query: rewritten.query }
    const dialect = memory.current
    return attempt(parts, dialect, (status, body) =>
      isSignatureRefusal(status, body) ? attemptOther(parts, dialect) : undefined,
    )
  }
}
