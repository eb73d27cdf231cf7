import { type Static, Type } from 'typebox'
import { CidrSetting } from '../contract/ip-address.ts'
import { SecretSetting } from '../contract/secret-setting.ts'
import { AuthoritiesFile, closed, Milliseconds } from '../contract/setting-forms.ts'
import { isCallbackUrl } from './destination.ts'

const dayMs = 86_400_000

/** Where an integration is told how its jobs ended; the key `callback` of its file. */
export const CallbackSettings = Type.Object(
  {
    url: Type.Refine(
      Type.String({
        examples: ['https://erp.acme.example/hooks/magento'],
        description:
          'URL to which the end of each job is posted. Callers cannot choose another one.',
      }),
      isCallbackUrl,
      () => 'an https URL without credentials and fragment',
    ),
    secrets: Type.Array(
      SecretSetting('Secret of Standard Webhooks: whsec_ and base64 of 24 to 64 bytes.'),
      {
        minItems: 1,
        maxItems: 5,
        description:
          'Each of them signs every call-back. One secret, or two while the receiver rotates them.',
      },
    ),
    allowAddresses: Type.Array(CidrSetting(), {
      default: [],
      description:
        'Addresses that are not public but may be called nevertheless; only these may be reached by plain http.',
    }),
    caFile: Type.Optional(
      AuthoritiesFile("PEM file of the authorities that may sign the receiver's certificate."),
    ),
    concurrency: Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 2,
      description: 'Most call-backs of the integration that are sent at once.',
    }),
    timeoutMs: Milliseconds(
      20_000,
      "Longest that a sending takes, from the DNS query to the end of the receiver's answer, whose status counts even if it has no end.",
      120_000,
    ),
    retry: Type.Object(
      {
        firstMs: Milliseconds(5_000, 'Wait after the first failure; doubled each time.', dayMs),
        longestMs: Milliseconds(3_600_000, 'Longest wait between two attempts.', dayMs),
        giveUpAfterMs: Milliseconds(
          dayMs,
          'Time after which a call-back that still fails becomes a dead letter.',
          14 * dayMs,
        ),
      },
      { ...closed, default: {} },
    ),
  },
  { ...closed, description: 'Signed call-backs (Standard Webhooks) at the end of each job.' },
)

/** Call-backs of an integration, defaults filled in and references resolved. */
export type CallbackSettings = Static<typeof CallbackSettings>
