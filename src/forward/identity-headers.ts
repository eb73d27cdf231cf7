import { randomUUID } from 'node:crypto'
import type { RequestContext } from '../request-context.ts'

/** The fields that identify a request to Magento and to what stands in front of it; names and values in turn. */
export function identityHeaders(
  {
    clientIp,
    requestId,
    traceId,
    traceFlags,
  }: Pick<RequestContext, 'clientIp' | 'requestId' | 'traceId' | 'traceFlags'>,
  scheme: string,
  spanId: string,
): string[] {
  return [
    ...['x-forwarded-for', clientIp ?? ''],
    ...['x-forwarded-proto', scheme],
    ...['x-request-id', requestId],
    ...['traceparent', `00-${traceId}-${spanId}-${traceFlags}`],
  ]
}

/** A new id for the span of a request to Magento: 16 hex digits (W3C Trace Context, section 3.2.2.4). */
export function newSpanId(): string {
  return spanIdOf(randomUUID())
}

/** The span id made of random digits of a version 4 UUID; always the same for the same UUID. */
export function spanIdOf(uuid: string): string {
  return uuid.slice(0, 8) + uuid.slice(28)
}
