import { Type } from 'typebox'
import { RateSetting } from '../contract/rate.ts'
import { closed, Milliseconds } from './setting-forms.ts'

/** The section `limits` of gateway.yaml: limits that apply to every caller. */
export const GatewayLimitSettings = Type.Object(
  {
    bodyBytes: Type.Integer({
      minimum: 1,
      maximum: 1_073_741_824,
      default: 1_048_576,
      description: 'Most bytes of a request body.',
    }),
    textLength: Type.Integer({
      minimum: 1,
      maximum: 1_073_741_824,
      default: 65_536,
      description: 'Most characters of a text in a body; of file contents only bodyBytes counts.',
    }),
    arrayItems: Type.Integer({
      minimum: 1,
      maximum: 100_000_000,
      default: 5_000,
      description: 'Most elements of an array in a body.',
    }),
    perAddress: Type.Object(
      {
        rate: RateSetting('100/s'),
        burst: Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          default: 200,
          description: 'Bucket size, requests.',
        }),
        connections: Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          default: 1_000,
          description:
            'Most open connections; one more is closed at once. Trusted proxies may hold any number.',
        }),
        refusals: Type.Object(
          {
            rate: RateSetting('60/min'),
            burst: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 100 }),
            penaltyMs: Milliseconds(1_000, 'First penalty; each further one is twice as long.'),
            longestPenaltyMs: Milliseconds(300_000, 'Longest penalty.'),
          },
          {
            ...closed,
            default: {},
            description:
              'Refusals that no integration is charged for: what is let pass before the address is shut out.',
          },
        ),
      },
      {
        ...closed,
        default: {},
        description: 'Limit of one address (an IPv6 /64), before anything is spent on it.',
      },
    ),
  },
  { ...closed, default: {} },
)
