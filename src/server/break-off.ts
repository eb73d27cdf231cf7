import type { ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'

/**
 * Ends an answer before it is complete, so that its caller cannot take it for complete. To a caller of HTTP/1.0, such
 * as nginx before 1.30 unless it is told otherwise, the end of the connection is the end of an answer whose length it has
 * not been told (RFC 9112, section 6.3). So that connection is reset; one with TLS ends without a close_notify.
 */
export function breakOff(response: ServerResponse): void {
  const { req, socket } = response
  const isHttp10 = req.httpVersionMajor === 1 && req.httpVersionMinor === 0
  if (isHttp10 && socket !== null && !(socket instanceof TLSSocket)) socket.resetAndDestroy()
  else response.destroy()
}
