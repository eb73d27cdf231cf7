import { SpanKind } from '@opentelemetry/api'
import type { UpstreamExchange } from '../../request-context.ts'
import type { SpanFacts } from './span.ts'

/** What Magento was asked for. */
export interface MagentoCall {
  readonly method: string
  /** Redacted; absent where no record shows it. */
  readonly path?: string | undefined
  /** Why there is no answer of Magento; absent where there is one. */
  readonly code: string | undefined
  /** Since the epoch. */
  readonly startMs: number
}

/**
 * The span of the client below that of a request or of a job, with the id that Magento was told; it covers all
 * that was sent, and never more time than its parent. None where Magento was not asked.
 */
export function magentoSpan(
  parent: SpanFacts,
  upstream: UpstreamExchange | undefined,
  { method, path, code, startMs }: MagentoCall,
): SpanFacts | undefined {
  const { durationMs, spanId, origin, status } = upstream ?? {}
  if (durationMs === undefined || spanId === undefined) return undefined
  const isError = status === undefined || status >= 400
  const { hostname, port, protocol } = new URL(origin ?? 'http://unknown')
  const parentEndMs = parent.startMs + parent.durationMs
  // What was sent in several requests took longer than the last one of them, whose start is known.
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
      ...(path !== undefined && { 'url.full': `${origin}${path}` }),
      ...(status !== undefined && { 'http.response.status_code': status }),
      ...(isError && { 'error.type': String(status ?? code ?? '_OTHER') }),
    },
  }
}
