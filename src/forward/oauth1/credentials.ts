import type { Secret } from '../../contract/secret.ts'

/** What Magento gives an integration when it is activated (Magento: System, Extensions, Integrations). */
export interface Oauth1Credentials {
  readonly consumerKey: Secret
  readonly consumerSecret: Secret
  readonly accessToken: Secret
  readonly accessTokenSecret: Secret
}
