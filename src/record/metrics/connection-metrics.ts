import { Counter, Gauge, type Registry } from 'prom-client'

/** Metrics of the public listener. */
export interface ConnectionMetrics {
  /** Counts a connection that was closed at once because there were too many. */
  readonly refused: (bound: 'total' | 'address') => void
  /** Shows until when the certificate holds, milliseconds since the epoch. */
  readonly certificateEnds: (atMs: number) => void
  /** Counts a new certificate that could not be used. */
  readonly certificateFailed: () => void
}

/** Registers the metrics of the public listener. */
export function connectionMetrics(registry: Registry): ConnectionMetrics {
  const registers = [registry]
  const refused = new Counter({
    name: 'magegate_connections_refused_total',
    help: 'Connections that were closed at once, by the bound that they were beyond.',
    labelNames: ['bound'] as const,
    registers,
  })
  const failures = new Counter({
    name: 'magegate_certificate_failures_total',
    help: 'New certificates of the public listener that could not be used.',
    registers,
  })
  // Registered where there is a certificate only.
  let end: Gauge | undefined
  return {
    refused: (bound) => refused.inc({ bound }),
    certificateFailed: () => failures.inc(),
    certificateEnds: (atMs) => {
      end ??= new Gauge({
        name: 'magegate_certificate_not_after_timestamp_seconds',
        help: 'When the certificate of the public listener ends, in seconds since the epoch.',
        registers,
      })
      end.set(atMs / 1000)
    },
  }
}
