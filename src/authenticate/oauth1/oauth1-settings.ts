import { type Static, Type } from 'typebox'
import { SecretSetting } from '../../contract/secret-setting.ts'
import { closed } from '../../contract/setting-forms.ts'
import { KeyIdSetting, MaxAgeSetting, NotAfterSetting } from '../key-settings.ts'

const Oauth1Key = Type.Object(
  {
    id: KeyIdSetting(),
    consumerKey: SecretSetting('Consumer key, by which the caller identifies itself.'),
    consumerSecret: SecretSetting('Consumer secret.'),
    accessToken: SecretSetting('Access token.'),
    accessTokenSecret: SecretSetting('Access token secret.'),
    notAfter: Type.Optional(NotAfterSetting()),
  },
  closed,
)

/** Settings of the scheme `oauth1`. */
export const Oauth1SignatureSettings = Type.Object(
  {
    scheme: Type.Literal('oauth1', {
      description: 'OAuth 1.0a as clients of Magento use it: RFC 5849 with HMAC-SHA256.',
    }),
    keys: Type.Array(Oauth1Key, {
      minItems: 1,
      maxItems: 2,
      description:
        'What the caller signs with, two while rotating. These are not the credentials for Magento.',
    }),
    allowSha1: Type.Boolean({ default: false, description: 'Accept HMAC-SHA1 as well.' }),
    requireBodyHash: Type.Boolean({
      default: false,
      description: 'Require oauth_body_hash with every body; without it, the body is not signed.',
    }),
    maxAgeMs: MaxAgeSetting(),
  },
  closed,
)

/** Settings of the scheme `oauth1` whose references have been resolved. */
export type Oauth1SignatureSettings = Static<typeof Oauth1SignatureSettings>
