import type { Registry } from 'prom-client'
import type { RequestContext } from '../../request-context.ts'
import type { AuditRecord } from '../audit-record.ts'
import { type CountTally, type HistogramTally, tallyCounter, tallyHistogram } from './tally.ts'

/** The series that one kind of request contributes to. */
interface RequestSeries {
  readonly requests: CountTally
  readonly duration: HistogramTally
  readonly upstreamDuration: HistogramTally
  readonly ownDuration: HistogramTally
}

const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 90]
/** Bounds for the gateway's own share of the time, which is far smaller than Magento's. */
const ownBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30]

type Waits = Pick<RequestContext, 'endedAt' | 'waitedMs' | 'waitsSince'>

/** Milliseconds. A request may still wait when it is over: its caller has left, and it is carried out all the same. */
function waitOf({ endedAt, waitedMs, waitsSince = endedAt }: Waits): number {
  return waitedMs + Math.max(0, endedAt - waitsSince)
}

/** Registers the counts and durations of requests; returns the function that counts a finished one. */
export function requestMetrics(registry: Registry): (record: AuditRecord, request: Waits) => void {
  const requests = tallyCounter(registry, {
    name: 'magegate_requests_total',
    help: 'Requests by verified integration, granted route, status and code of the refusal.',
    labelNames: ['integration', 'route', 'status', 'code'],
  })
  const durationOf = (name: string, help: string, bounds: readonly number[]) =>
    tallyHistogram(registry, { name, help, labelNames: ['integration'] }, bounds)
  const duration = durationOf(
    'magegate_request_duration_seconds',
    'From the arrival of a request to the end of its answer.',
    bounds,
  )
  const upstreamDuration = durationOf(
    'magegate_upstream_duration_seconds',
    'The share of it that Magento took.',
    bounds,
  )
  const ownDuration = durationOf(
    'magegate_own_duration_seconds',
    'The rest of it: what the gateway took, and the caller to send and to read. Without the wait for a turn at Magento, or for its token.',
    ownBounds,
  )
  // The number of kinds of requests bounds it.
  const known = new Map<string, RequestSeries>()
  function seriesOf(record: AuditRecord): RequestSeries {
    const { integration = 'none', route = 'none', code = 'none' } = record
    const key = `${integration}\n${route}\n${record.status}\n${code}`
    let series = known.get(key)
    if (series === undefined) {
      series = {
        requests: requests(integration, route, String(record.status), code),
        duration: duration(integration),
        upstreamDuration: upstreamDuration(integration),
        ownDuration: ownDuration(integration),
      }
      known.set(key, series)
    }
    return series
  }

  return (record, request) => {
    const { durationMs, upstreamMs = 0 } = record
    const series = seriesOf(record)
    series.requests.count += 1
    series.duration.observe(durationMs / 1000)
    series.ownDuration.observe(Math.max(0, durationMs - upstreamMs - waitOf(request)) / 1000)
    if (record.upstreamMs !== undefined) series.upstreamDuration.observe(upstreamMs / 1000)
  }
}
