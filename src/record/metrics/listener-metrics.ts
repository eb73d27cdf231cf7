import { Gauge, type Registry } from 'prom-client'
import { eventCounter, watchedGauge } from './tally.ts'

/** Metrics of the public listener. */
export interface ListenerMetrics {
  /** Counts a connection that was closed at once because there were too many. */
  readonly refused: (bound: 'total' | 'address') => void
  /** Sets where to read how much memory the bodies of requests take. */
  readonly watchBodies: (readBytes: () => number) => void
  /** Sets the times at which certificates expire, in milliseconds since the epoch. */
  readonly certificateEnds: (ends: {
    readonly listenerMs: number
    readonly clientCaMs?: number
  }) => void
  /** Counts a renewed certificate that could not be used. */
  readonly certificateFailed: () => void
}

/** Registers the metrics of the public listener. */
export function listenerMetrics(registry: Registry): ListenerMetrics {
  // Registered only once there is a certificate.
  let end: Gauge<'certificate'> | undefined
  return {
    refused: eventCounter(registry, {
      name: 'magegate_connections_refused_total',
      help: 'Connections that were closed at once, by the bound that they exceeded.',
      labelNames: ['bound'],
    }),
    watchBodies: watchedGauge(registry, {
      name: 'magegate_request_bodies_bytes',
      help: 'Memory taken by the bodies of requests that are arriving or under way.',
    }),
    certificateFailed: eventCounter(registry, {
      name: 'magegate_certificate_failures_total',
      help: 'New certificates of the public listener that could not be used.',
    }),
    certificateEnds: ({ listenerMs, clientCaMs }) => {
      end ??= new Gauge({
        name: 'magegate_certificate_not_after_timestamp_seconds',
        help: 'When certificates end, in seconds since the epoch: the first of the chain of the public listener, and of the authorities for client certificates.',
        labelNames: ['certificate'] as const,
        registers: [registry],
      })
      end.reset()
      end.set({ certificate: 'listener' }, listenerMs / 1000)
      if (clientCaMs !== undefined) end.set({ certificate: 'client-ca' }, clientCaMs / 1000)
    },
  }
}
