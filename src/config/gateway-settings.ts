import { type Static, Type } from 'typebox'
import { BearerTokenSetting } from '../contract/secret-setting.ts'
import { closed, Host, Milliseconds, Port } from '../contract/setting-forms.ts'
import { MagentoSettings } from '../forward/magento-settings.ts'
import { AuditSettings } from '../record/audit-settings.ts'
import { CacheSettings } from './cache-settings.ts'
import { GatewayLimitSettings } from './gateway-limit-settings.ts'
import { JobsSettings } from './jobs-settings.ts'
import { ListenSettings } from './listen-settings.ts'
import { StoreSettings } from './store-settings.ts'

const admin = Type.Object(
  {
    host: Host('Address of the admin listener: /livez /readyz /metrics.'),
    port: Port('Port of the admin listener; 0 takes a free one.'),
    token: Type.Optional(
      BearerTokenSetting('Bearer token of POST /reload, which does not exist without one.'),
    ),
  },
  closed,
)

const shutdown = Type.Object(
  {
    noticeMs: Type.Integer({
      minimum: 0,
      maximum: 600_000,
      default: 3_000,
      description:
        'How long after SIGTERM new connections are still served, while readiness fails.',
    }),
    deadlineMs: Milliseconds(
      12_000,
      'How long after SIGTERM running requests are cut off; longer than noticeMs.',
    ),
  },
  { ...closed, default: {} },
)

/** The shape of `gateway.yaml` after defaults have been filled in. The file may leave out settings with a default. */
export const GatewaySettings = Type.Object(
  {
    listen: ListenSettings,
    admin: Type.Optional(admin),
    magento: MagentoSettings,
    store: StoreSettings,
    audit: AuditSettings,
    limits: GatewayLimitSettings,
    jobs: Type.Optional(JobsSettings),
    cache: CacheSettings,
    shutdown,
  },
  { ...closed, title: 'magegate gateway.yaml' },
)

/** The settings of a `gateway.yaml` that matches the schema. */
export type GatewaySettings = Static<typeof GatewaySettings>
