import { type Static, Type } from 'typebox'
import {
  AuthoritiesFile,
  closed,
  HttpUrl,
  Milliseconds,
  SourceCode,
} from '../contract/setting-forms.ts'
import { CircuitBreakerSettings, ProbeSettings, QueueSettings } from './gate/gate-settings.ts'
import { dialectOf } from './oauth1/dialect.ts'
import { UpstreamSignatureSettings } from './upstream-signature.ts'

/** The section `magento` of gateway.yaml: how Magento is reached. */
export const MagentoSettings = Type.Object(
  {
    url: HttpUrl('Where the gateway reaches Magento.'),
    publicUrl: Type.Optional(
      HttpUrl(
        'The address that Magento takes for its own, sent as Host and X-Forwarded-Proto. Same as url if left out.',
      ),
    ),
    version: Type.Optional(
      Type.Refine(
        Type.String({
          examples: ['2.4.8-p1'],
          description:
            'Version of Magento, which determines how it verifies OAuth signatures; detected if left out, from 2.4.6 on.',
        }),
        (text) => dialectOf(text) !== undefined,
        () => 'a version from 2.4.4 on, such as 2.4.8-p1',
      ),
    ),
    stores: Type.Array(
      Type.String({
        pattern: '^(?!(?:async|schema)$)[A-Za-z][A-Za-z0-9_]*$',
        expected: 'a store code: a letter, then letters, digits and _; not async or schema',
      }),
      {
        default: ['default', 'all'],
        uniqueItems: true,
        description: 'Store codes that may occur in a path: /rest/STORE/V1/…',
      },
    ),
    sourceCode: Type.Optional(
      SourceCode(
        'Inventory source to which endpoints of the gateway write quantities. Leave it out if the shop has no sources; then stock items are written.',
      ),
    ),
    arrayLimit: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 20,
      description:
        'Most elements of an array in a call that the gateway makes. Magento accepts 20 if its input limits are on, and any number if they are off.',
    }),
    upstreamSignature: Type.Optional(UpstreamSignatureSettings),
    caFile: Type.Optional(
      AuthoritiesFile('PEM file of the authorities that may sign the certificate of Magento.'),
    ),
    connections: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 64,
      description:
        'Most connections to Magento, and most requests to it, at the same time; further requests wait.',
    }),
    queue: QueueSettings,
    circuitBreaker: CircuitBreakerSettings,
    probe: Type.Optional(ProbeSettings),
    timeouts: Type.Object(
      {
        connectMs: Milliseconds(2_000, 'Time within which the connection must be established.'),
        headersMs: Milliseconds(
          30_000,
          'Time within which the headers of the answer must have arrived.',
        ),
        bodyMs: Milliseconds(60_000, 'Longest pause between two pieces of the answer.'),
        totalMs: Milliseconds(
          90_000,
          'Time within which the whole answer must have arrived, and as much again for the caller to read it.',
        ),
      },
      { ...closed, default: {} },
    ),
  },
  closed,
)

/** A section `magento` that matches the schema. */
export type MagentoSettings = Static<typeof MagentoSettings>
