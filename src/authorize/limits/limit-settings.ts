import { Type } from 'typebox'
import { RateSetting } from '../../contract/rate.ts'
import { MethodOrRouteSetting } from '../../contract/route-pattern.ts'
import { closed } from '../../contract/setting-forms.ts'

// No period twice; they begin with different letters.
const quotaForm =
  /^(?!.*(\/[hdm]).*\1)[1-9]\d{0,14}\/(?:hour|day|month)(?:, ?[1-9]\d{0,14}\/(?:hour|day|month))*$/

const cost = Type.Object(
  {
    fixed: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'Tokens of every request.' }),
    ),
    items: Type.Optional(
      Type.String({
        pattern: '^(?:/[^/]*)*$',
        examples: ['/items', ''],
        description: 'One token for each element of the array that this JSON Pointer leads to.',
        expected: 'a JSON Pointer into the body, such as /items',
      }),
    ),
    pageSize: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: 'One token per this many entries of searchCriteria[pageSize], rounded up.',
      }),
    ),
    unpaged: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description:
          'Tokens of a GET without a page size, which asks Magento for everything; 1 if left out.',
      }),
    ),
  },
  {
    ...closed,
    description: 'Tokens that a request costs: the largest of the costs given here; 1 if left out.',
  },
)

const scoped = {
  rate: Type.Optional(RateSetting('Sustained tokens per second, minute or hour.')),
  burst: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description: 'Size of the bucket in tokens; one second of the rate if left out.',
    }),
  ),
  concurrency: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100_000,
      description: 'Most requests that run at the same time.',
    }),
  ),
  quota: Type.Optional(
    Type.String({
      pattern: quotaForm.source,
      examples: ['100000/day', '5000/hour, 100000/day'],
      description:
        'Tokens in each calendar hour, day or month (UTC); several are separated by commas.',
      expected: 'a quota such as 100000/day, or one for each period: 5000/hour, 100000/day',
    }),
  ),
  cost: Type.Optional(cost),
  reportOnly: Type.Optional(
    Type.Union([Type.Boolean(), Type.Array(Type.Enum(['rate', 'quota', 'concurrency']))], {
      description:
        'Limits that are counted and reported but not enforced: true for all of these, or a list.',
      expected: 'true, false or a list of rate, quota and concurrency',
    }),
  ),
}

/** The limits of one scope: the whole integration, a route or a method. */
export const ScopedLimits = Type.Object(scoped, closed)

const ofIntegration = {
  ...scoped,
  routes: Type.Optional(
    Type.Record(MethodOrRouteSetting(), ScopedLimits, {
      ...closed,
      description:
        'Narrower limits for a route pattern or a method, in addition to those for all requests.',
    }),
  ),
  leaseTokens: Type.Optional(
    Type.Integer({
      minimum: 2,
      maximum: 100_000,
      description:
        'Tokens that a process takes from Redis at a time. Each process can exceed a limit by this many.',
    }),
  ),
  onStoreFailure: Type.Optional(
    Type.Enum(['local', 'refuse', 'allow'], {
      description:
        'While Redis is away: enforce the limits in each process, refuse with 503, or allow. local if left out.',
    }),
  ),
  legacyHeaders: Type.Optional(
    Type.Boolean({ description: 'Also answer with X-RateLimit-Limit, -Remaining and -Reset.' }),
  ),
}

/** The settings that a class of limits (a file of `policies/`) can have. */
export const RateLimitClassSettings = Type.Object(ofIntegration, closed)

/** The settings of the policy rate-limit. */
export const RateLimitSettings = Type.Object(
  {
    class: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$',
        description: 'File of policies/ whose rateLimit applies wherever nothing else is set here.',
        expected: 'the name of a file in policies/, without .yaml',
      }),
    ),
    ...ofIntegration,
  },
  closed,
)
