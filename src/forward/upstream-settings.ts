import { type Static, Type } from 'typebox'
import { BearerTokenSetting, SecretSetting, UserNameSetting } from '../contract/secret-setting.ts'
import { closed } from '../contract/setting-forms.ts'

/** How the gateway authenticates with Magento; exactly one of these. */
export const UpstreamSettings = Type.Refine(
  Type.Object(
    {
      oauth1: Type.Optional(
        Type.Object(
          {
            consumerKey: SecretSetting('Consumer key of the integration in Magento.'),
            consumerSecret: SecretSetting('Consumer secret.'),
            accessToken: SecretSetting('Access token.'),
            accessTokenSecret: SecretSetting('Access token secret.'),
          },
          {
            ...closed,
            description:
              'OAuth 1.0a with HMAC-SHA256: the credentials that Magento gives an integration.',
          },
        ),
      ),
      adminToken: Type.Optional(
        Type.Object(
          {
            username: UserNameSetting('User name of an administrator.'),
            password: SecretSetting('Password of the administrator.', 7),
            totpSecret: Type.Optional(SecretSetting('Secret of the second factor, base32.')),
            lifetimeMinutes: Type.Integer({
              minimum: 1,
              maximum: 1_440,
              default: 50,
              description: 'How long a token is used that does not say when it expires.',
            }),
          },
          {
            ...closed,
            description: 'The token of an administrator, which the gateway fetches and renews.',
          },
        ),
      ),
      bearer: Type.Optional(
        BearerTokenSetting(
          'Sent as bearer token: an admin token, or an integration token if allowed.',
        ),
      ),
      passthrough: Type.Optional(
        Type.Literal(true, {
          description: "Pass the caller's Authorization header on unchanged.",
        }),
      ),
    },
    closed,
  ),
  (upstream) => Object.keys(upstream).length === 1,
  () => 'exactly one of bearer, oauth1, adminToken and passthrough',
)

/** The same with references resolved. */
export type UpstreamSettings = Static<typeof UpstreamSettings>

/** What Magento gives an integration when it is activated (Magento: System, Extensions, Integrations). */
export type Oauth1Credentials = NonNullable<UpstreamSettings['oauth1']>

/** Who signs in to Magento for a token. */
export type AdminCredentials = Omit<NonNullable<UpstreamSettings['adminToken']>, 'lifetimeMinutes'>
