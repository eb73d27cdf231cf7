import type { Secret } from '../../contract/secret.ts'

/** What Magento gives an integration when it is activated (Magento: System, Extensions, Integrations). */
export interface Oauth1Credentials {
  readonly consumerKey: Secret
  readonly consumerSecret: Secret
  readonly accessToken: Secret
  readonly accessTokenSecret: Secret
}

/**
 * Magento's have 32 characters (Magento: Framework/Oauth/Helper/Oauth.php); what is shorter than
 * this is cut or empty.
 */
const leastLength = 16

/** The credentials that are too short to be Magento's, as keys; their values are never shown. */
export function shortCredentials(credentials: Oauth1Credentials): (keyof Oauth1Credentials)[] {
  const keys = ['consumerKey', 'consumerSecret', 'accessToken', 'accessTokenSecret'] as const
  return keys.filter((key) => credentials[key].reveal().length < leastLength)
}
