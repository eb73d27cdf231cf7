import type { Secret } from '../../contract/secret.ts'

/** Who signs in to Magento for a token. */
export interface AdminCredentials {
  readonly username: Secret
  readonly password: Secret
  /** Base32, as Magento shows it when Google Authenticator is set up; absent without a second factor. */
  readonly totpSecret?: Secret
}
