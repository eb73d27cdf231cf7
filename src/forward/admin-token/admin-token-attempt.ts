import type { Secret } from '../../contract/secret.ts'
import type { TokenCache } from './token-cache.ts'
import type { TokenFault } from './token-fault.ts'

/** One attempt at a request with an administrator's token. */
export interface AdminTokenAttempt {
  /** Value of the field `Authorization` (RFC 6750, section 2.1). */
  readonly authorization: string
  /**
   * To be called with the status of Magento's answer before it is passed on. After a 401 nothing has been carried out,
   * so even a write may be sent again.
   * @returns the attempt to make instead; undefined to pass the answer on
   */
  readonly after: (status: number) => Promise<AdminTokenAttempt | undefined>
}

/** Gives the first attempt at a request, which gives a second one if its token has expired. */
export async function attemptWithAdminToken(
  tokens: TokenCache,
): Promise<AdminTokenAttempt | TokenFault> {
  const token = await tokens.get()
  if ('reason' in token) return token
  return attempt(token, async (status) => {
    const other = status === 401 ? await tokens.replace(token) : undefined
    return other && attempt(other, async () => undefined)
  })
}

function attempt(token: Secret, after: AdminTokenAttempt['after']): AdminTokenAttempt {
  return { authorization: `Bearer ${token.reveal()}`, after }
}
