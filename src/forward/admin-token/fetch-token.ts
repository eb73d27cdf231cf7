import { errorCode } from '../../contract/error-code.ts'
import { Secret } from '../../contract/secret.ts'
import { bearerTokenSyntax } from '../../contract/secret-setting.ts'
import { parseJson } from '../../syntax/parse-json.ts'
import type { SendOwnRequest } from '../own-request.ts'
import type { AdminCredentials } from '../upstream-settings.ts'
import { decodeBase32 } from './base32.ts'
import { tokenLifetimeMs } from './token-lifetime.ts'
import { totp } from './totp.ts'

/** A token has a few hundred bytes, and many accounts may ask for theirs at once. */
const answerLimitBytes = 65_536

/** The outcome of a request for a token. */
export type TokenOutcome =
  | { readonly kind: 'token'; readonly token: Secret; readonly lifetimeMs: number | undefined }
  /** Magento refused the credentials, and counts how often it does. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Magento did not answer, or gave no usable answer. */
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * Prepares signing in as an administrator (Magento: POST V1/integration/admin/token), if there is a second factor
 * with a one-time password (Magento: TwoFactorAuth/etc/webapi.xml, Google Authenticator).
 * @param now milliseconds since 1970
 * @returns signs in; it does not reject
 * @throws {TypeError} when the secret of the second factor is not base32
 */
export function prepareTokenFetch(
  { username, password, totpSecret }: AdminCredentials,
  send: SendOwnRequest,
  now: () => number,
): () => Promise<TokenOutcome> {
  const key = totpSecret && decodeBase32(totpSecret.reveal())
  if (totpSecret !== undefined && key === undefined) {
    throw new TypeError('the secret of the second factor is not base32')
  }
  const route = key === undefined ? 'integration/admin/token' : 'tfa/provider/google/authenticate'
  return async function fetchToken() {
    try {
      const body = JSON.stringify({
        username: username.reveal(),
        password: password.reveal(),
        ...(key !== undefined && { otp: totp(key, now()) }),
      })
      const answer = await send({
        method: 'POST',
        path: `/rest/all/V1/${route}`,
        headers: ['content-type', 'application/json', 'accept', 'application/json'],
        body,
        limitBytes: answerLimitBytes,
      })
      return readOutcome(answer.status, answer.body, now())
    } catch (error) {
      return { kind: 'failed', reason: `no token: ${errorCode(error)}` }
    }
  }
}

/** The outcome by Magento's answer. No reason contains the text of the answer, which may name the account. */
function readOutcome(status: number, body: string, nowMs: number): TokenOutcome {
  const reason = `no token: Magento answered with status ${status}`
  // Too many requests (RFC 6585, section 4) or timeout (RFC 9110, section 15.5.9): the credentials were not checked.
  if (status === 429 || status === 408) return { kind: 'failed', reason }
  // Magento also answers 400 if its database fails (Magento: Framework/Webapi/ErrorProcessor.php, maskException).
  if (status === 400 && body.includes('"Internal Error.')) return { kind: 'failed', reason }
  if (status >= 400 && status < 500) return { kind: 'refused', reason }
  const token = status === 200 ? parseToken(body) : undefined
  if (token === undefined) return { kind: 'failed', reason }
  return { kind: 'token', token: new Secret(token), lifetimeMs: tokenLifetimeMs(token, nowMs) }
}

const bearerToken = new RegExp(`^${bearerTokenSyntax}$`)

/** Reads a bearer token in a JSON string. */
function parseToken(body: string): string | undefined {
  const token = parseJson(body)
  return typeof token === 'string' && bearerToken.test(token) ? token : undefined
}
