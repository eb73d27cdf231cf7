import { type Static, Type } from 'typebox'
import { closed, Milliseconds } from '../../contract/setting-forms.ts'

/** Where requests wait while all connections to Magento are in use. */
export const QueueSettings = Type.Object(
  {
    maxWaiting: Type.Integer({
      minimum: 0,
      maximum: 100_000,
      default: 256,
      description:
        'Most requests that wait. A further one displaces the last one of the integration that has most of them in proportion to its queueWeight.',
    }),
    maxWaitMs: Milliseconds(5_000, 'Longest that a request waits, within timeouts.totalMs.'),
  },
  {
    ...closed,
    default: {},
    description: 'Where requests wait while all connections to Magento are in use.',
  },
)

/** When Magento is left alone because it fails. */
export const CircuitBreakerSettings = Type.Object(
  {
    mode: Type.Enum(['enforce', 'reportOnly', 'off'], {
      default: 'enforce',
      description: 'reportOnly only logs and counts; off disables it.',
    }),
    failureShare: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.5,
      description: 'Share of requests that must have failed.',
    }),
    minimumCalls: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 20,
      description: 'With fewer requests in windowMs, no conclusion is drawn.',
    }),
    windowMs: Type.Integer({
      minimum: 100,
      maximum: 3_600_000,
      default: 30_000,
      description: 'Time over which requests are counted.',
    }),
    openMs: Milliseconds(10_000, 'How long no request is sent.'),
    trialCalls: Type.Integer({
      minimum: 1,
      maximum: 1_000,
      default: 3,
      description: 'How many trial requests are sent after that; all must succeed.',
    }),
    failsReadiness: Type.Boolean({
      default: false,
      description:
        'Whether /readyz fails while no request is sent. Useful only if there is another gateway in front of another Magento.',
    }),
  },
  {
    ...closed,
    default: {},
    description:
      'When to stop sending requests to a failing Magento for a while: those of all integrations, or of one if only its requests fail.',
  },
)

/** A request of the gateway's own, made at intervals. */
export const ProbeSettings = Type.Object(
  {
    path: Type.String({
      pattern: '^/[!-~]*$',
      examples: ['/health_check.php', '/rest/V1/directory/countries'],
      description: 'Path of the request, a GET without credentials.',
    }),
    intervalMs: Milliseconds(5_000, 'Time between two requests.'),
    timeoutMs: Milliseconds(2_000, 'Longest that a request may take.'),
  },
  {
    ...closed,
    description:
      'Requests of the gateway itself whose result /readyz and the metrics show; none if left out.',
  },
)

/** How requests to Magento are held back. */
export interface GateRules {
  /** Most requests that Magento works on at once. */
  readonly connections: number
  readonly queue: Static<typeof QueueSettings>
  readonly circuitBreaker: Static<typeof CircuitBreakerSettings>
  /** Weights of integrations by name; 1 for others. */
  readonly weights: ReadonlyMap<string, number>
}

/** {@link ProbeSettings} with defaults filled in. */
export type ProbeSettings = Static<typeof ProbeSettings>
