import { randomUUID } from 'node:crypto'
import type { RequestContext } from '../request-context.ts'

/** The fields by which a request is told apart, in front of Magento and within it; names and values in turn. */
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

/** W3C Trace Context, section 3.2.2.4: 16 hex digits of the span that a request to Magento is. */
export function newSpanId(): string {
  return spanIdOf(randomUUID())
}

/** A span id of the random digits of a UUID of version 4; always the same for the same UUID. */
export function spanIdOf(uuid: string): string {
  return uuid.slice(0, 8) + uuid.slice(28)
}
