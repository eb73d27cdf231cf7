import { type Static, type TOptional, type TSchema, Type } from 'typebox'
import { CallbackSettings } from '../callbacks/callback-settings.ts'
import { closed, SourceCode } from '../contract/setting-forms.ts'
import { UpstreamSettings } from '../forward/upstream-settings.ts'
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
