import type { ServerResponse } from 'node:http'

/**
 * Tells a caller that waits for it to send its body (RFC 9110, section 10.1.1), when somebody begins to read that:
 * what its head says has been let through then, its length too. Node itself would say it at once.
 */
export function goOnWhenRead(
  message: { readonly once: (event: 'resume', listener: () => void) => unknown },
  response: Pick<ServerResponse, 'headersSent' | 'destroyed' | 'writeContinue'>,
): void {
  message.once('resume', () => {
    // What nobody wanted is read when it has been answered.
    if (!response.headersSent && !response.destroyed) response.writeContinue()
  })
}
