import { createHmac, createSecretKey } from 'node:crypto'
import type { SignedParts } from '../../authenticate/oauth1/base-string.ts'
import { oauth1HmacKey } from '../../authenticate/oauth1/hmac-key.ts'
import { percentEncode } from '../../syntax/percent-encoding.ts'
import type { Oauth1Credentials } from '../upstream-settings.ts'
import type { Dialect } from './dialect.ts'
import { laminasBaseString } from './laminas-base-string.ts'
import { nativeBaseString } from './native-base-string.ts'
import { signedParameters } from './signed-parameters.ts'
import { zendBaseString } from './zend-base-string.ts'

const baseStrings = {
  '2.4.5': zendBaseString,
  '2.4.7': laminasBaseString,
  '2.4.8': nativeBaseString,
} as const satisfies Record<Dialect, unknown>

/** What is new for every attempt to send a request: Magento takes no nonce twice. */
export interface Freshness {
  /** 32 characters of 0-9 and a-z. */
  readonly nonce: string
  /** Whole seconds since 1970. */
  readonly timestampSeconds: number
}

/** A signature, in the form in which it is sent. */
export interface SignedRequest {
  /** Value of the field `Authorization` (RFC 5849, section 3.5.1). */
  readonly authorization: string
  /** The signature base string; holds the consumer key and the access token, so never log it. */
  readonly baseString: string
}

/** Signs a request as a Magento of the given dialect verifies it. */
export type SignRequest = (
  parts: SignedParts,
  dialect: Dialect,
  freshness: Freshness,
) => SignedRequest

/**
 * Prepares signing with OAuth 1.0a and HMAC-SHA256, the only method since 2.4.4 (Magento: Framework/Oauth/Oauth.php,
 * getSupportedSignatureMethods). JSON bodies are not part of the signature.
 */
export function prepareSigning(credentials: Oauth1Credentials): SignRequest {
  const { consumerKey, consumerSecret, accessToken, accessTokenSecret } = credentials
  const key = createSecretKey(
    oauth1HmacKey(consumerSecret.reveal(), accessTokenSecret.reveal()),
    'utf8',
  )
  return (parts, dialect, { nonce, timestampSeconds }) => {
    const protocolParameters: [string, string][] = [
      ['oauth_consumer_key', consumerKey.reveal()],
      ['oauth_nonce', nonce],
      ['oauth_signature_method', 'HMAC-SHA256'],
      ['oauth_timestamp', String(timestampSeconds)],
      ['oauth_token', accessToken.reveal()],
      ['oauth_version', '1.0'],
    ]
    const parameters = signedParameters(parts.query, protocolParameters)
    const baseString = baseStrings[dialect](parts, parameters)
    const signature = createHmac('sha256', key).update(baseString).digest('base64')
    const fields = [...protocolParameters, ['oauth_signature', signature] as const].map(
      ([name, value]) => `${name}="${percentEncode(value)}"`,
    )
    return { authorization: `OAuth ${fields.join(', ')}`, baseString }
  }
}
