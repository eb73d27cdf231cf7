import { SpanKind } from '@opentelemetry/api'
import type { UpstreamExchange } from '../../contract/upstream-exchange.ts'
import type { SpanFacts } from './span.ts'

/** What Magento was asked. */
export interface MagentoCall {
  readonly method: string
  /** Redacted; absent if records do not show it either. */
  readonly path?: string | undefined
  /** Why there is no answer from Magento; undefined if there is one. */
  readonly code: string | undefined
  /** Milliseconds since the epoch. */
  readonly startMs: number
}

/**
 * The client span below the span of a request or a job, with the span id that was sent to Magento. It covers all calls
 * to Magento, but never more time than its parent.
 * @returns undefined if Magento was not asked
 */
export function magentoSpan(
  parent: SpanFacts,
  upstream: UpstreamExchange | undefined,
  { method, path, code, startMs }: MagentoCall,
): SpanFacts | undefined {
  if (upstream === undefined) return undefined
  const parentEndMs = parent.startMs + parent.durationMs
  // A call that goes on after the caller has left is shown until then.
  const { durationMs = Math.max(0, parentEndMs - startMs), spanId, origin, status } = upstream
  const isError = status === undefined || status >= 400
  const { hostname, port, protocol } = new URL(origin)
  // Several calls are shown as if each had followed the one before at once.
  const beganMs = Math.max(parent.startMs, Math.min(startMs, parentEndMs - durationMs))
  return {
    kind: SpanKind.CLIENT,
    traceId: parent.traceId,
    spanId,
    parentId: parent.spanId,
    name: method,
    startMs: beganMs,
    durationMs: Math.min(durationMs, parentEndMs - beganMs),
    isError,
    attributes: {
      'http.request.method': method,
      'server.address': hostname,
      'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
      'url.full': path === undefined ? undefined : `${origin}${path}`,
      'http.response.status_code': status,
      'error.type': isError ? String(status ?? code ?? '_OTHER') : undefined,
    },
  }
}
