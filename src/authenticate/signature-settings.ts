import { type Static, Type } from 'typebox'
import { closed } from '../contract/setting-forms.ts'
import { MaxAgeSetting, SharedSecretsSetting } from './key-settings.ts'
import { MessageSignatureSettings } from './message-signature/message-signature-settings.ts'
import { Oauth1SignatureSettings } from './oauth1/oauth1-settings.ts'

const body = Type.Object(
  {
    scheme: Type.Literal('body', { description: 'Hex HMAC-SHA256 over the raw body. Deprecated.' }),
    secrets: SharedSecretsSetting(),
  },
  closed,
)

const canonical = Type.Object(
  {
    scheme: Type.Literal('canonical', {
      description: 'Hex HMAC-SHA256 over time, nonce, method, path, query and body.',
    }),
    secrets: SharedSecretsSetting(),
    maxAgeMs: MaxAgeSetting(),
  },
  closed,
)

/** How an integration signs its requests, by `scheme`. */
export const SignatureSettings = Type.Union(
  [body, canonical, MessageSignatureSettings, Oauth1SignatureSettings],
  { discriminator: 'scheme' },
)

/** Settings of a signature whose references have been resolved. */
export type SignatureSettings = Static<typeof SignatureSettings>
