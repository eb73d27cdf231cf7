import type { Secret } from '../../contract/secret.ts'
import type { AuthorizeUpstream } from '../upstream-credentials.ts'
import type { TokenCache } from './token-cache.ts'

/**
 * Prepares requests with an administrator's token. If its token has expired, an attempt gives a second one after a 401:
 * nothing has been carried out then, so even a write may be sent again.
 */
export function prepareAdminToken(tokens: TokenCache): AuthorizeUpstream {
  return async ({ target }) => {
    const query = target.query
    const token = await tokens.get()
    if ('code' in token) return token
    return {
      authorization: authorizationBy(token),
      query,
      after: async (status) => {
        const other = status === 401 ? await tokens.replace(token) : undefined
        return other && { authorization: authorizationBy(other), query }
      },
    }
  }
}

/** RFC 6750, section 2.1. */
function authorizationBy(token: Secret): string {
  return `Bearer ${token.reveal()}`
}
