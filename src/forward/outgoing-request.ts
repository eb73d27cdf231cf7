import type { Dispatcher } from 'undici'
import type { SignUpstream } from './upstream-signature.ts'

/** A request as it is about to be sent. */
export interface OutgoingRequest {
  readonly method: string
  readonly path: string
  readonly query: string | undefined
  /** Names in lower case and values in turn. */
  readonly headers: string[]
  readonly body: Buffer
}

/** Gives what undici is to send for a request; to be called anew for every attempt. */
export type PrepareOutgoing = (
  request: OutgoingRequest,
) => Pick<Dispatcher.DispatchOptions, 'method' | 'path' | 'headers' | 'body'>

/**
 * Makes {@link PrepareOutgoing}.
 * @param sign adds the gateway's own signature; undefined where it has none
 */
export function outgoingRequests(sign: SignUpstream | undefined): PrepareOutgoing {
  return (request) => {
    const { method, path, query, headers, body } = request
    return {
      method,
      path: query === undefined ? path : `${path}?${query}`,
      headers: sign?.(request) ?? headers,
      body: body.length === 0 ? null : body,
    }
  }
}
