import { checkRequestFraming } from '../../admit/request-framing.ts'
import { parseRequestTarget } from '../../admit/request-target.ts'
import { allow } from '../../policy.ts'
import { type Rejection, reject } from '../../problem.ts'
import { RequestContext } from '../../request-context.ts'
import type { CurlRequest } from './curl-line.ts'

/**
 * The request of a curl command as the gateway would receive it; it is not sent.
 * @param stores the store codes that may occur in its path
 * @returns the request, or why its target or framing would be refused before its signature is verified
 */
export function requestOfCurl(
  { method, rawTarget, rawHeaders, body }: CurlRequest,
  stores: readonly string[],
): RequestContext | Rejection {
  const target = parseRequestTarget(rawTarget, new Set(stores))
  if ('fault' in target) return reject('bad-request-target', target.fault)
  const request = new RequestContext({
    method,
    rawTarget,
    rawHeaders,
    remoteIp: undefined,
    isTls: true,
    hasBody: body.length > 0,
    requestId: crypto.randomUUID(),
  })
  request.parsedTarget = target
  request.body = body
  const verdict = checkRequestFraming(request)
  return verdict === allow ? request : verdict
}
