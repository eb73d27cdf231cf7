import { type PublicOrigin, urlOf } from '../contract/public-origin.ts'
import type { Rejection } from '../problem.ts'
import type { RequestContext, RequestTarget } from '../request-context.ts'
import { prepareAdminToken } from './admin-token/admin-token-attempt.ts'
import { prepareTokenFetch } from './admin-token/fetch-token.ts'
import { openTokenCache, type TokenMemory } from './admin-token/token-cache.ts'
import type { DialectMemory } from './oauth1/dialect-memory.ts'
import { prepareOauth1 } from './oauth1/oauth1-attempt.ts'
import type { SendOwnRequest } from './own-request.ts'
import type { AdminCredentials, UpstreamSettings } from './upstream-settings.ts'

/** One way to send a request: what authenticates it, and the query that belongs to that. */
export interface UpstreamAttempt {
  /** Value of `Authorization`; undefined for a call as a guest. */
  readonly authorization: string | undefined
  /** The query to send; the received one, unless a signature needs another form of it. */
  readonly query: string | undefined
  /**
   * Looks at Magento's answer before it is passed on.
   * @param body the whole body of a 401; empty for any other status
   * @returns the attempt to make instead of passing on the answer; undefined to pass it on
   */
  readonly after?: (
    status: number,
    body: Buffer,
  ) => UpstreamAttempt | undefined | Promise<UpstreamAttempt | undefined>
}

/** What credentials need of a request: the parts that a signature covers, and the header that may be passed through. */
export interface AuthorizedRequest extends Pick<RequestContext, 'method' | 'header'> {
  readonly target: Pick<RequestTarget, 'path' | 'query'>
}

/** Gives the first attempt at a request, or the rejection to answer with when there can be none. */
export type AuthorizeUpstream = (
  request: AuthorizedRequest,
) => UpstreamAttempt | Rejection | Promise<UpstreamAttempt | Rejection>

/** What credentials need to know of Magento. */
export interface UpstreamServices {
  /** What Magento believes its address to be. */
  readonly publicOrigin: PublicOrigin
  /** Shared by all integrations, since it is about Magento and not about them. */
  readonly dialect: DialectMemory
  readonly sendOwn: SendOwnRequest
  /** What is known about the token of an account. */
  readonly tokenMemoryOf: (credentials: AdminCredentials) => TokenMemory
  /** Milliseconds, never going back. */
  readonly monotonicClock: () => number
}

/** Prepares the credentials of an integration towards Magento. */
export function prepareUpstreamCredentials(
  { oauth1, adminToken, bearer, passthrough }: UpstreamSettings,
  { publicOrigin, dialect, sendOwn, tokenMemoryOf, monotonicClock }: UpstreamServices,
): AuthorizeUpstream {
  if (oauth1 !== undefined) {
    return prepareOauth1({
      credentials: oauth1,
      origin: urlOf(publicOrigin),
      memory: dialect,
      clock: monotonicClock,
    })
  }
  if (adminToken !== undefined) {
    const { lifetimeMinutes, ...credentials } = adminToken
    const fetchToken = prepareTokenFetch(credentials, sendOwn, Date.now)
    const memory = tokenMemoryOf(credentials)
    const opaqueLifetimeMs = lifetimeMinutes * 60_000
    return prepareAdminToken(openTokenCache(fetchToken, opaqueLifetimeMs, monotonicClock, memory))
  }
  const authorization = bearer && `Bearer ${bearer.reveal()}`
  return (request) => ({
    authorization: passthrough ? request.header('authorization') : authorization,
    query: request.target.query,
  })
}
