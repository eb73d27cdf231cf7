import { parseRequestTarget } from '../../src/admit/request-target.ts'
import { type Arrival, RequestContext } from '../../src/request-context.ts'

/** A request as a policy meets it; what is not given is as harmless as can be. */
export interface RequestParts {
  readonly method?: string
  readonly target?: string
  /** Names to values, in order; an array for a repeated field. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly remoteIp?: string | undefined
  readonly isTls?: boolean
  readonly body?: string | Buffer
}

/** Builds the context of a request whose target has been parsed. */
export function requestContext(parts: RequestParts = {}): RequestContext {
  const { method = 'GET', target = '/rest/V1/products/24-MB01', headers = {}, body = '' } = parts
  const rawHeaders = Object.entries({ Host: 'gateway.example', ...headers }).flatMap(
    ([name, values]) => [values].flat().flatMap((value) => [name, value]),
  )
  const arrival: Arrival = {
    method,
    rawTarget: target,
    rawHeaders,
    remoteIp: 'remoteIp' in parts ? parts.remoteIp : '127.0.0.1',
    isTls: parts.isTls ?? false,
    hasBody: body.length > 0,
    requestId: '018f3c1e-5a2b-7c3d-8e4f-0123456789ab',
  }
  const request = new RequestContext(arrival)
  request.body = Buffer.from(body)
  const parsed = parseRequestTarget(target, new Set(['default', 'all']))
  if (!('fault' in parsed)) request.parsedTarget = parsed
  return request
}
