import { Type } from 'typebox'
import { RateSetting } from '../contract/rate.ts'
import { closed, Milliseconds } from '../contract/setting-forms.ts'

// V8 has no text of more than 512 MiB, and searching one of 400 MiB for credentials ends the process.
const longestBody = 268_435_456

/** The section `limits` of gateway.yaml: limits that apply to every caller. */
export const GatewayLimitSettings = Type.Object(
  {
    bodyBytes: Type.Integer({
      minimum: 1,
      maximum: longestBody,
      default: 1_048_576,
      description: 'Most bytes of a request body.',
    }),
    bodyMemoryMiB: Type.Integer({
      minimum: 1,
      maximum: 1_048_576,
      default: 128,
      description:
        'Most memory for the bodies of all requests that are arriving or under way; at least one body of bodyBytes. An integration that has more than a quarter of it leaves a quarter to the others.',
    }),
    textLength: Type.Integer({
      minimum: 1,
      maximum: longestBody,
      default: 65_536,
      description:
        'Most characters of a text in a body that is checked against the schema of the shop; contents of files are limited only by bodyBytes.',
    }),
    arrayItems: Type.Integer({
      minimum: 1,
      maximum: 100_000_000,
      default: 5_000,
      description:
        'Most elements of an array in a body that is checked against the schema of the shop.',
    }),
    perAddress: Type.Object(
      {
        rate: RateSetting('Sustained requests per second, minute or hour.', '100/s'),
        burst: Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          default: 200,
          description: 'Size of the bucket, in requests.',
        }),
        connections: Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          default: 1_000,
          description:
            'Most open connections; any further one is closed at once. Trusted proxies may have any number.',
        }),
        refusals: Type.Object(
          {
            rate: RateSetting(
              'Sustained refusals per second, minute or hour that are tolerated.',
              '60/min',
            ),
            burst: Type.Integer({
              minimum: 1,
              maximum: 1_000_000,
              default: 100,
              description: 'Size of the bucket, in refusals.',
            }),
            penaltyMs: Milliseconds(1_000, 'First penalty; each further one is twice as long.'),
            longestPenaltyMs: Milliseconds(300_000, 'Longest penalty.'),
          },
          {
            ...closed,
            default: {},
            description:
              'Refusals that cannot be charged to an integration: how many are allowed before the address is blocked.',
          },
        ),
      },
      {
        ...closed,
        default: {},
        description:
          'Limits per address (for IPv6 per /64), applied before any work is done for a request.',
      },
    ),
  },
  { ...closed, default: {} },
)
