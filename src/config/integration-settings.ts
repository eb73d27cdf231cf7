import { type Static, type TOptional, type TSchema, Type } from 'typebox'
import { CallbackSettings } from '../callbacks/callback-settings.ts'
import { BearerTokenSetting, SecretSetting, UserNameSetting } from '../contract/secret-setting.ts'
import { closed, SourceCode } from '../contract/setting-forms.ts'
import { policies } from '../pipeline.ts'

type Policies = (typeof policies)[number]
type Section<Name extends 'credentials' | 'policies'> = {
  [Each in Policies as Each extends { section: Name } ? Each['key'] : never]: TOptional<
    Each['settings']
  >
}

/** The keys of a section: one for each policy whose settings are there. */
function section<Name extends 'credentials' | 'policies'>(name: Name): Section<Name> {
  const own = policies.filter((policy) => policy.section === name)
  return Object.fromEntries(
    own.map(({ key, settings }) => [key, Type.Optional(settings as TSchema)]),
  ) as unknown as Section<Name>
}

const reportable = policies.filter((policy) => 'isReportable' in policy).map(({ name }) => name)

/** How the gateway authenticates with Magento; exactly one of these. */
const UpstreamSettings = Type.Refine(
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

/** The shape of a file below `integrations/`, derived from the list of policies. */
export const IntegrationSettings = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$',
      description: 'Unique name; shown in the audit, and in X-Integration-Id by signed requests.',
      expected: 'a name of lower-case letters, digits and inner hyphens, 64 at most',
    }),
    description: Type.Optional(Type.String()),
    credentials: Type.Refine(
      Type.Object(section('credentials'), closed),
      (credentials) => Object.keys(credentials).length > 0,
      () => 'at least one credential: an integration without authentication is refused',
    ),
    upstream: UpstreamSettings,
    sourceCode: Type.Optional(
      SourceCode(
        'Inventory source to which its endpoints write. Same as magento.sourceCode if left out.',
      ),
    ),
    queueWeight: Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 1,
      description:
        'Its share of Magento while others wait as well, in proportion to their weights. See magento.queue.',
    }),
    callback: Type.Optional(CallbackSettings),
    reportOnly: Type.Optional(
      Type.Union(
        [Type.Literal(true), Type.Array(Type.Enum(reportable), { minItems: 1, uniqueItems: true })],
        {
          description:
            'Policies that only report what they would refuse: true for all that can, or a list.',
          expected: `true, or a list of ${reportable.join(', ')}`,
        },
      ),
    ),
    policies: Type.Object(section('policies'), { ...closed, default: {} }),
  },
  { ...closed, title: 'magegate integration' },
)

/** A file below `integrations/` with defaults filled in and references resolved. */
export type IntegrationSettings = Static<typeof IntegrationSettings>
