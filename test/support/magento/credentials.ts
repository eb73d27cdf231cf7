/** An integration of the shop (Magento: System, Extensions, Integrations), with full access. */
export interface IntegrationCredentials {
  readonly name: string
  readonly consumerKey: string
  readonly consumerSecret: string
  readonly accessToken: string
  readonly accessTokenSecret: string
}

/** An administrator of the shop, with full access. */
export interface AdminCredentials {
  readonly username: string
  readonly password: string
  /** Secret of the second factor, base32 (RFC 6238: SHA-1, 6 digits, 30 seconds). */
  readonly totpSecret?: string
}

/** Which canonicalisation signatures are checked with: 2.4.4 and 2.4.5 share one, 2.4.6 and 2.4.7 another, 2.4.8 has its own. */
export type OauthDialect = '2.4.5' | '2.4.7' | '2.4.8'
