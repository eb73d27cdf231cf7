import { allow, type Step } from '../policy.ts'
import type { RequestContext } from '../request-context.ts'

const requestIdForm = /^[A-Za-z0-9._-]{8,64}$/
/*
 * W3C Trace Context, sections 3.2.2 and 4.3: version, trace-id, parent-id, trace-flags; ids not all zero. Version ff is
 * invalid, and versions that come after 00 may add something behind a dash.
 */
const traceparentForm =
  /^(?:00(?=.{53}$)|(?!00|ff)[0-9a-f]{2}(?=.{53}(?:-|$)))-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]([0-9a-f])/

/** Sampled and random; all others must be passed on as zero (Trace Context Level 2, section 3.2.2.5). */
const knownFlags = 3

/** Accepts request id and trace id from a trusted proxy; those of other callers are never used. */
export const correlation: Step<unknown> = {
  name: 'correlation',
  prepare: (_, { sampleTrace }) => {
    if (sampleTrace === undefined) return takeOver
    return function checkAndSample(request) {
      takeOver(request)
      const parentFlags = request.parentSpanId === undefined ? undefined : request.traceFlags
      request.traceFlags = sampleTrace(request.traceId, parentFlags)
      return allow
    }
  },
}

function takeOver(request: RequestContext): typeof allow {
  if (!request.viaTrustedProxy) return allow
  const requestId = request.header('x-request-id')
  if (requestId !== undefined && requestIdForm.test(requestId)) request.requestId = requestId
  const traceparent = request.header('traceparent')
  const [, traceId, parentSpanId, flags] = traceparentForm.exec(traceparent ?? '') ?? []
  if (traceId !== undefined && flags !== undefined) {
    request.traceId = traceId
    request.parentSpanId = parentSpanId
    request.traceFlags = `0${Number.parseInt(flags, 16) & knownFlags}`
  }
  return allow
}
