import type { ServerResponse } from 'node:http'

/**
 * Sends `100 Continue` to a caller that waits for it with its body (RFC 9110, section 10.1.1), once somebody
 * begins to read that body: by then the policies that look at the head, and the bound on the length, have let
 * the request through. Node itself would send it at once.
 */
export function goOnWhenRead(
  message: { readonly once: (event: 'resume', listener: () => void) => unknown },
  response: Pick<ServerResponse, 'headersSent' | 'destroyed' | 'writeContinue'>,
): void {
  message.once('resume', () => {
    // After a refusal Node reads the rest of the body only to discard it.
    if (!response.headersSent && !response.destroyed) response.writeContinue()
  })
}
