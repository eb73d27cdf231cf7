import type { Deferral } from '../../src/contract/deferral.ts'
import type { RequestContext } from '../../src/request-context.ts'
import { requestContext } from '../support/request.ts'

/** How a request of {@link requestOfJob} becomes a job. */
export const deferral: Deferral = {
  engine: 'gateway',
  orderKey: undefined,
  isRepeatable: false,
  lifeMs: 60_000,
  isAsked: true,
}

/** A write of `acme-erp` that is to become a job. */
export function requestOfJob(): RequestContext {
  const request = requestContext({ method: 'POST', target: '/rest/V1/products', body: '{}' })
  request.verified = 'acme-erp'
  return request
}
