import { type ApiRoute, apiRoute } from '../contract/api-route.ts'
import type { PlannedCall } from '../contract/endpoint.ts'
import type { RequestContext } from '../request-context.ts'

/** A route of Magento that a request leads to. */
export interface Asked extends ApiRoute {
  readonly method: string
  /** The call that leads there; undefined for the path of the request itself. */
  readonly call?: PlannedCall
}

/**
 * What a request asks of Magento: by the call of the endpoint that the operator defined for it, if there is one, and
 * by its own path.
 */
export function askedOfMagento({ method, target, endpoint }: RequestContext): Asked[] {
  const own = { method, ...apiRoute(target.segments) }
  const call = endpoint?.call
  if (call === undefined) return [own]
  return [{ method: call.method, ...apiRoute(call.segments), call }, own]
}
