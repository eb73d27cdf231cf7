import type { Secret } from '../../contract/secret.ts'
import type { UpstreamAttempt } from '../upstream-credentials.ts'
import type { TokenCache } from './token-cache.ts'
import type { TokenFault } from './token-fault.ts'

/** The first attempt at a request with an administrator's token. */
export interface AdminTokenAttempt extends UpstreamAttempt {
  /** Gives a second attempt after a 401: nothing has been carried out then, so even a write may be sent again. */
  readonly after: (status: number) => Promise<UpstreamAttempt | undefined>
}

/** Gives the first attempt at a request, which gives a second one if its token has expired. */
export async function attemptWithAdminToken(
  tokens: TokenCache,
  query?: string,
): Promise<AdminTokenAttempt | TokenFault> {
  const token = await tokens.get()
  if ('reason' in token) return token
  return {
    authorization: authorizationBy(token),
    query,
    after: async (status) => {
      const other = status === 401 ? await tokens.replace(token) : undefined
      return other && { authorization: authorizationBy(other), query }
    },
  }
}

/** RFC 6750, section 2.1. */
function authorizationBy(token: Secret): string {
  return `Bearer ${token.reveal()}`
}
