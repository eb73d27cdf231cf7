import type { Registry } from './exposition.ts'
import { eventCounter, readGauge, readSeries } from './tally.ts'

/** When certificates expire, in milliseconds since the epoch. */
export interface CertificateEnds {
  readonly listenerMs: number
  readonly clientCaMs?: number
}

/** Metrics of the public listener. */
export interface ConnectionMetrics {
  /** Counts a connection that was closed at once because there were too many. */
  readonly refused: (bound: 'total' | 'address') => void
  /** Sets where to read how much memory the bodies of requests take. */
  readonly watchBodies: (readBytes: () => number) => void
  /** Sets the times at which certificates expire. */
  readonly certificateEnds: (ends: CertificateEnds) => void
  /** Counts a renewed certificate that could not be used. */
  readonly certificateFailed: () => void
}

/** Registers the metrics of the public listener. */
export function connectionMetrics(registry: Registry): ConnectionMetrics {
  const bodiesForm = {
    name: 'magegate_request_bodies_bytes',
    help: 'Memory taken by the bodies of requests that are arriving or under way.',
  }
  const endForm = {
    name: 'magegate_certificate_not_after_timestamp_seconds',
    help: 'When certificates end, in seconds since the epoch: the first of the chain of the public listener, and of the authorities for client certificates.',
    labelNames: ['certificate'],
  } as const
  let ends: CertificateEnds | undefined
  readSeries(registry, endForm, function* () {
    if (ends === undefined) return
    yield [['listener'], ends.listenerMs / 1000]
    if (ends.clientCaMs !== undefined) yield [['client-ca'], ends.clientCaMs / 1000]
  })
  return {
    refused: eventCounter(registry, {
      name: 'magegate_connections_refused_total',
      help: 'Connections that were closed at once, by the bound that they exceeded.',
      labelNames: ['bound'],
    }),
    watchBodies: (readBytes) => readGauge(registry, bodiesForm, readBytes),
    certificateEnds: (next) => {
      ends = next
    },
    certificateFailed: eventCounter(registry, {
      name: 'magegate_certificate_failures_total',
      help: 'New certificates of the public listener that could not be used.',
    }),
  }
}
